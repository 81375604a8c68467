import ArgumentParser
import Collectives
import Files
import Foundation
import Machine
import Recipes
import Runs
import Terminal
import Training

/// The door: reads the command line, runs one subcommand, and ends every rank the same way.
@main
enum Main {
    static func main() {
        occupyClosedStreams()
        WriteSignals.ignore()
        // Before MPI starts, which makes every process look launched, and may bind it to a core.
        let isLaunched = Launcher.isPresent
        _ = MachineCores.allowed
        let command: any ParsableCommand
        do {
            // Small things are taken without asking again.
            try MemoryCapacity.here.require(leastMemory, for: "any command", remedy: "Raise that limit, or free memory")
        } catch {
            complain("\(error)")
            exit(1)
        }
        do {
            command = try parse(LaunchCommand.expanding(Array(commandLineArguments().dropFirst())))
        } catch {
            leave(error)
        }
        switch command {
        case let command as any RankedCommand:
            inJob { world in
                try command.run(in: world)
                try together(world) { try PrintError.check() }
            }
        case let command as any LocalCommand where isLaunched:
            inJob { world in
                try together(world) {
                    guard world.rank == 0 else { return }
                    do { try run(command) } catch { throw Ending(error) }
                }
            }
        default:
            // A request for help comes back as an error, too.
            do {
                try run(command)
            } catch {
                leave(error)
            }
        }
    }

    /// Bytes without which no command gets far.
    private static let leastMemory = 16 << 20

    /// Returns the command that a command line means.
    static func parse(_ arguments: [String]) throws -> any ParsableCommand {
        guard !arguments.isEmpty else {
            throw UsageError("what shall be trained? Say --model NAME or --config FILE.\n\n" + CNNTrain.helpMessage())
        }
        return try CNNTrain.parseAsRoot(AutoCommand.expanding(arguments))
    }

    private static func run(_ command: any ParsableCommand) throws {
        var command = command
        try command.run()
        try PrintError.check()
    }

    /// Runs `body`, in which all ranks take part, and ends them together.
    private static func inJob(_ body: (any Communicator) throws -> Void) {
        let job = startJob()
        do {
            try requireSameProgram(in: job.world)
            try body(job.world)
            try job.finish()
        } catch let error as SharedFailure {
            job.failTogether(error)
        } catch let error as RunStopped {
            job.failTogether(error, code: ExitStatus.preempted)
        } catch {
            job.fail(error)
        }
    }

    /// Ends the process because of the command line itself: help, the version, a mistake in it, or a command that
    /// failed.
    private static func leave(_ error: any Error) -> Never {
        let ending = Ending(error)
        let isHelp = ending.exitStatus == 0
        guard Launcher.isPresent else {
            if isHelp {
                print(ending.description)
                do { try PrintError.check() } catch { leave(error) }
            } else if !ending.description.isEmpty {
                complain(ending.description)
            }
            exit(ending.exitStatus)
        }
        // Under mpirun all ranks come here: one speaks.
        let job = startJob()
        guard isHelp else { job.failTogether(ending) }
        if job.world.rank == 0 { print(ending.description) }
        do {
            try job.finish()
        } catch {
            job.fail(error)
        }
        exit(0)
    }

    private static func startJob() -> Job {
        do {
            return try Job.start(onFailure: leaveNote)
        } catch {
            complain(error.words)
            exit(ExitStatus.failure)
        }
    }
}

/// Leaves a note for the supervisor of this rank, if there is one, with the reason for the rank's end.
private func leaveNote(_ error: any Error, rank: Int) {
    guard let job = SupervisedJob.own else { return }
    FailureNote(rank: rank, exitCode: error.status, isOwn: !(error is CollectiveError), words: error.words).leave(
        for: job)
}

/// The exit status and message with which a command of one process ends the program.
private struct Ending: ErrorWithStatus, ErrorOfSeveralLines {
    let exitStatus: Int32
    /// The text for standard output where the status is 0, as for help, else for standard error; empty where all has
    /// been printed.
    let description: String

    init(_ error: any Error) {
        let code = CNNTrain.exitCode(for: error)
        switch error {
        case let error as UsageError: (exitStatus, description) = (ExitCode.validationFailure.rawValue, error.words)
        case let error as any ErrorWithStatus: (exitStatus, description) = (error.exitStatus, error.words)
        // None of the argument parser's own.
        case _ where code == .failure && !(error is ExitCode):
            (exitStatus, description) = (ExitStatus.failure, error.words)
        default:
            // ArgumentParser's message without its word for the program's name, and with lists of words on one line.
            var message = CNNTrain.fullMessage(for: error)
            if message.hasPrefix("Error: ") { message.removeFirst("Error: ".count) }
            exitStatus = code.rawValue
            description =
                code == .validationFailure
                ? message.replacing(":\n  - ", with: ": ").replacing("\n  - ", with: ", ") : message
        }
    }
}

/// A mistake in the command line, with the command's usage.
struct UsageError: ErrorOfSeveralLines {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The failure of a command that has printed all there is to say but the sum.
struct FailureSum: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A command that all ranks of a job carry out together.
protocol RankedCommand: ParsableCommand {
    /// - Throws: `SharedFailure` for errors that all ranks know of; any other ends the job in the name of this rank.
    func run(in world: any Communicator) throws
}

/// A command that one process carries out; under mpirun, rank 0.
protocol LocalCommand: ParsableCommand {}

/// Holds options of a command to the ranges that a recipe's values have.
///
/// - Parameter fill: sets a recipe's values to those of the options.
func checkRanges(_ fill: (inout RecipeOverrides) -> Void) throws {
    var values = RecipeOverrides()
    fill(&values)
    do {
        try Recipe.check(values)
    } catch {
        throw ValidationError("\(error)")
    }
}

/// Holds options of a command to ranges of their own.
func checkRanges(_ options: [(name: String, value: Int?, range: ClosedRange<Int>)]) throws {
    for (name, value, range) in options {
        guard let value, !range.contains(value) else { continue }
        throw ValidationError(
            "\(name) is \(value); expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
}
