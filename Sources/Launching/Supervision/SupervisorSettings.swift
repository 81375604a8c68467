package import Recipes
package import Runs

/// The settings of a supervisor, and of the job that it keeps alive.
package struct SupervisorSettings: Sendable {
    /// The machines for ranks, each with a number of slots; empty for this machine.
    package var hosts: [Host]
    package var spares: [Host]
    package var wish: RankChoice.Wish
    /// The fewest ranks to start.
    package var leastRanks: Int
    package var restartLimit: Int
    /// The seconds for which a failed host is left alone.
    package var hostCooldown: Double
    /// The seconds of silence after which a host counts as lost.
    package var heartbeat: Double
    /// The path of this program, here and on all hosts.
    package var program: String
    package var command: SupervisedCommand
    package var folder: RunFolder
    /// The state that the user wants the run to begin from.
    package var resume: Recipe.Resume
    package var cores: Int

    package init(
        hosts: [Host], spares: [Host], wish: RankChoice.Wish, leastRanks: Int, restartLimit: Int, hostCooldown: Double,
        heartbeat: Double, program: String, command: SupervisedCommand, folder: RunFolder, resume: Recipe.Resume,
        cores: Int
    ) {
        self.hosts = hosts
        self.spares = spares
        self.wish = wish
        self.leastRanks = leastRanks
        self.restartLimit = restartLimit
        self.hostCooldown = hostCooldown
        self.heartbeat = heartbeat
        self.program = program
        self.command = command
        self.folder = folder
        self.resume = resume
        self.cores = cores
    }
}
