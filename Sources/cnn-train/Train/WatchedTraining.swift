import Collectives
import Recipes
import Reports
import Runs
import Status
import TensorBoard
import Training

/// Trains by a recipe, with all that shows a run to people meanwhile: the bar, the report, TensorBoard's files and the
/// status page. Collective.
///
/// - Throws: as `Trainer`; `StatusError` where the page cannot be served.
func trainWatched(_ recipe: Recipe, in world: any Communicator) throws -> TrainingOutcome {
    let console = Console(isQuiet: world.rank != 0, progress: recipe.progress)
    let page = try together(world) { world.rank == 0 ? try StatusServer(for: recipe) : nil }
    defer { page?.close() }
    if let page { console.say("Status page: \(page.address)") }
    let trainer = try showingOpening(on: console.bar) {
        try Trainer(recipe: recipe, world: world, console: console) { run in
            try observers(of: run) + (page.map { [$0.show(run)] } ?? [])
        }
    }
    return try trainer.run()
}

/// Returns the observers that write files for people into the run's folder.
private func observers(of run: ObservedRun) throws -> [any RunObserver] {
    var observers: [any RunObserver] = []
    if run.recipe.report == .html {
        observers.append(ReportWriter(folder: run.folder, facts: run.facts, warn: run.warn))
    }
    if run.recipe.tensorBoard { observers.append(TensorBoardWriter(of: run)) }
    return observers
}
