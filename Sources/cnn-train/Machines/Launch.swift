import ArgumentParser
import Files
import Launching
import Training

/// `cnn-train launch`: the call of mpirun that fits, made.
struct LaunchCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch", abstract: "Starts a command on several processes, here or on other machines.",
        usage: "cnn-train launch [-n <ranks>] [--hosts a:4,b:4 | --hostfile <file>] [--] train …",
        discussion: """
            Prints the call of mpirun that it makes and becomes it, or with --supervise keeps it alive: the exit code \
            is the job's, signals reach mpirun. Parameters of Open MPI in the environment (OMPI_MCA_…) stay as they \
            are. Standard input goes to no rank, unless the command names /dev/stdin. Other machines must have the \
            program and its Open MPI under the same paths and let ssh in without a password.
            """)

    @Option(
        name: [.customShort("n"), .customLong("workers")],
        help: "Processes in all; without it as many as the hosts take.")
    var ranks: Int?
    @Option(help: ArgumentHelp("Machines, and how many ranks each takes.", valueName: "a:4,b:4"))
    var hosts: String?
    @Option(help: ArgumentHelp("The same, a machine a line: node1 slots=4.", valueName: "file"), transform: userPath)
    var hostfile: String?
    @Flag(help: "Prints the call and does not make it.") var dryRun = false
    @Flag(help: "Prints one JSON object, with --dry-run.") var json = false
    @OptionGroup(title: "A run that goes on by itself") var options: SuperviseOptions
    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("What to start: train and its options, for one.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        try checkRanges([("-n", ranks, 1...1_000_000)])
        if hosts != nil && hostfile != nil {
            throw ValidationError("--hosts and --hostfile both name machines: give one")
        }
        if json && !dryRun { throw ValidationError("--json is for --dry-run: what is started prints what it prints") }
    }

    func run() throws {
        // A request for help right after `launch` is for its own help; the argument parser would take all that follows
        // for the command.
        if let first = command.first, ["--help", "-h"].contains(first) { throw CleanExit.helpRequest(Self.self) }
        let command = Array(command.drop { $0 == "--" })
        guard !command.isEmpty else { throw LaunchError.nothingToRun }
        let machines = try machines()
        if options.supervise, !dryRun {
            guard !Launcher.isPresent else { throw LaunchError.launchedAlready }
            return try supervise(command, machines: machines)
        }
        let surroundings = Surroundings.here(cores: MachineCores.count, hosts: machines.hosts)
        let plan = try LaunchPlan(
            ranks: ranks, machines: machines, surroundings: surroundings,
            usesStandardInput: Self.usesStandardInput(command))
        let call = plan.call(of: ownProgram, command)
        if json { return print(try JSONText(Call(call: call, shell: LaunchPlan.shellWords(call))).text) }
        try Self.start(call, isDry: dryRun)
    }

    /// The object that `--json` prints.
    private struct Call: Encodable {
        let call: [String]
        /// The call as a shell command.
        let shell: String
    }

    static func usesStandardInput(_ command: [String]) -> Bool {
        command.contains { $0.hasSuffix("/dev/stdin") || $0.hasSuffix("/dev/fd/0") }
    }

    private func machines() throws -> LaunchPlan.Machines {
        if let hosts { return .hosts(try HostList(parsing: hosts)) }
        if let hostfile { return try LaunchPlan.Machines(hostfile: hostfile) }
        return .here
    }

    private static func start(_ call: [String], isDry: Bool) throws {
        let text = LaunchPlan.shellWords(call)
        if isDry {
            print(text)
            return
        }
        guard !Launcher.isPresent else { throw LaunchError.launchedAlready }
        try requireSharedFiles()
        complain(text)
        try becomeProgram(call)
    }
}

extension LaunchCommand {
    /// Expands `cnn-train --workers 4 …` to `cnn-train launch -n 4 …`.
    ///
    /// - Returns: the expanded command line; the same one where it has no `--workers` of its own.
    static func expanding(_ arguments: [String]) -> [String] {
        guard !Launcher.isPresent, arguments.first != configuration.commandName,
            let place = arguments.firstIndex(where: { $0 == "--workers" || $0.hasPrefix("--workers=") })
        else { return arguments }
        var rest = arguments
        let option = rest.remove(at: place)
        var number = String(option.dropFirst("--workers=".count))
        if option == "--workers" {
            guard place < rest.count else { return arguments }
            number = rest.remove(at: place)
        }
        return [configuration.commandName ?? "launch", "-n", number, "--"] + rest
    }
}
