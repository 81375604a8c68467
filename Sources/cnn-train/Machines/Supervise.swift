import ArgumentParser
import Launching
import Recipes
import Runs
import Terminal
import Training

/// Options of `launch` that keep a run alive.
struct SuperviseOptions: ParsableArguments {
    @Flag(
        help: """
            Starts training again, from the newest state that is saved, when ranks or hosts fail, \
            on the hosts that are left.
            """)
    var supervise = false
    @Option(help: "How often a supervised job is started again at most.") var maxRestarts: Int?
    @Option(help: "Fewer ranks than this are not started; hosts that come back are waited for. (default: 1)")
    var minWorkers: Int?
    @Option(help: ArgumentHelp("Machines that take the place of others that fail.", valueName: "c:4,d:4"))
    var spareHosts: String?
    @Option(help: ArgumentHelp("How long a host that has failed is left out. (default: 5min)", valueName: "5min"))
    var hostCooldown: PeriodArgument?
    @Flag(help: "Uses all ranks that are left, not the largest power of two, which keeps the bits.") var anyRanks =
        false
    @Option(
        help: ArgumentHelp(
            "The time after which a host or rank that is silent counts as lost. (default: 5s)", valueName: "5s"))
    var heartbeat: PeriodArgument?

    func validate() throws {
        let given = [
            ("--max-restarts", maxRestarts != nil), ("--min-workers", minWorkers != nil),
            ("--spare-hosts", spareHosts != nil), ("--host-cooldown", hostCooldown != nil), ("--any-ranks", anyRanks),
            ("--heartbeat", heartbeat != nil),
        ]
        if !supervise, let (name, _) = given.first(where: \.1) {
            throw ValidationError("\(name) is for --supervise, which is not given")
        }
        try checkRanges([("--max-restarts", maxRestarts, 0...1_000_000), ("--min-workers", minWorkers, 1...1_000_000)])
        if let heartbeat, !(1...3600).contains(heartbeat.seconds) {
            throw ValidationError("--heartbeat is \(heartbeat.text); expected a time from 1s to 1h")
        }
    }
}

extension LaunchCommand {
    /// Keeps a run alive until it is complete.
    ///
    /// - Parameters:
    ///   - words: the command, which must be `train`, or its options alone.
    /// - Throws: `ExitCode` of the job, unless that is 0.
    func supervise(_ words: [String], machines: LaunchPlan.Machines) throws {
        guard let train = try Main.parse(words) as? TrainCommand else {
            throw LaunchError.onlyTraining(found: words.first ?? "")
        }
        guard !Self.usesStandardInput(words) else { throw LaunchError.inputOnce }
        let recipe = try train.resolved()
        let spares = try options.spareHosts.map { try HostList(parsing: $0).hosts } ?? []
        let (ranks, hosts) = try slots(of: machines)
        let folder = try Self.folder(of: recipe)
        let settings = SupervisorSettings(
            hosts: hosts, spares: spares.map { Host($0.name, slots: $0.slots ?? hosts.compactMap(\.slots).max()) },
            wish: RankChoice.Wish(
                ranks: ranks, virtualShards: recipe.virtualShards, takesAnyNumber: options.anyRanks),
            leastRanks: options.minWorkers ?? 1, restartLimit: options.maxRestarts ?? 3,
            hostCooldown: options.hostCooldown?.seconds ?? 300, heartbeat: heartbeat,
            program: ownProgram,
            command: SupervisedCommand(words, additions: try additions(train, recipe, folder)),
            folder: folder, resume: recipe.resume, cores: MachineCores.count)
        try requireSharedFiles()
        let supervisor = try Supervisor(settings) { complain("supervisor: \($0)") }
        let code = supervisor.run()
        if recipe.output == nil, !folder.holdsRun { folder.removeEvents() }
        if code != 0 { throw ExitCode(code) }
    }

    /// Returns the flags that a supervised run needs and the command does not give.
    private func additions(_ train: TrainCommand, _ recipe: Recipe, _ folder: RunFolder) throws -> [String] {
        let flags = try train.recipe.flags()
        // Not the recipe of the run that is resumed, which has a value for everything.
        let file = train.config.isEmpty ? nil : try RecipeOverrides(contentsOf: train.config)
        var words = recipe.output == nil ? ["--output", folder.path] : []
        if flags.snapshotEvery ?? file?.snapshotEvery == nil { words += ["--snapshot-every", "1"] }
        if flags.heartbeat ?? file?.heartbeat == nil { words += ["--heartbeat", "\(heartbeat)s"] }
        return words
    }

    /// Seconds of silence after which a host or a rank counts as lost.
    private var heartbeat: Double { options.heartbeat?.seconds ?? 5 }

    /// Ranks in all, and hosts with a number of slots each; no hosts for this machine.
    private func slots(of machines: LaunchPlan.Machines) throws -> (ranks: Int, hosts: [Host]) {
        switch machines {
        case .here:
            let surroundings = Surroundings.here(cores: MachineCores.count, hosts: [])
            guard !surroundings.isAllocated else { throw LaunchError.machinesUnnamed }
            guard let ranks else { throw LaunchError.ranksUnknown }
            return (ranks, [])
        case .hosts(let list), .hostfile(_, let list):
            guard let ranks = ranks ?? list.slots else { throw LaunchError.ranksUnknown }
            let shared = list.sharing(ranks)
            if let slots = shared.slots, slots < ranks { throw LaunchError.tooFewSlots(ranks: ranks, slots: slots) }
            return (ranks, shared.hosts)
        }
    }

    /// Returns the folder of the run's results, which all its starts share.
    private static func folder(of recipe: Recipe) throws -> RunFolder {
        let (output, model, data) = (recipe.output, recipe.model, recipe.data)
        return switch recipe.resume {
        case .none: try RunFolder.new(asked: output, model: model, data: data)
        case .auto: RunFolder.existing(asked: output, model: model, data: data)
        case .from(let path):
            try RunFolder.new(asked: output ?? RunFolder.owning(path)?.path, model: model, data: data)
        }
    }
}

/// `cnn-train host-agent`: a supervisor's agent on one host, which it starts by itself.
struct HostAgentCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "host-agent", abstract: "Watches ranks for launch --supervise, which starts it.",
        shouldDisplay: false)

    @Option var job: String
    @Option var heartbeat: Double

    func validate() throws {
        guard SupervisedJob(id: job) != nil else { throw ValidationError("--job \(job) is no job's name") }
        guard (0.1...100_000).contains(heartbeat) else { throw ValidationError("--heartbeat is \(heartbeat)") }
    }

    func run() throws {
        guard let job = SupervisedJob(id: job) else { return }
        try HostAgent(job: job, heartbeat: heartbeat).run()
    }
}

/// `cnn-train host-shell`: the remote shell of a supervised job's mpirun.
struct HostShellCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "host-shell", abstract: "Starts a daemon on another host for mpirun under launch --supervise.",
        shouldDisplay: false)

    @Argument var job: String
    /// The words of a `RemoteStart`.
    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    func validate() throws {
        guard SupervisedJob(id: job) != nil else { throw ValidationError("\(job) is no job's name") }
    }

    func run() throws {
        guard let job = SupervisedJob(id: job) else { return }
        try RemoteStart(words: words).send(to: job)
    }
}
