package import Collectives
package import Recipes

extension Recipe {
    /// Returns rank 0's recipe on every rank: its files need to exist only where rank 0 is. Collective.
    ///
    /// - Throws: `SharedFailure` where rank 0 finds none.
    package static func shared(in world: any Communicator, _ resolve: () throws -> Recipe) throws -> Recipe {
        let own = try together(world) { world.rank == 0 ? try resolve().readingFiles() : nil }
        let yaml = try world.broadcast(own?.yaml() ?? "")
        return try own ?? Recipe.resolve(flags: RecipeOverrides(yaml: yaml, path: "the recipe of rank 0"))
    }
}
