import Files
package import Launching
import Terminal

/// Whether ranks can be started and talk to each other.
package struct LauncherCheck: Sendable {
    /// The MPI library of this program, by its own account: `Open MPI v4.1.4, package: …`.
    let library: String

    package init(library: String) { self.library = library }

    /// Seconds that a start on this machine, and over hosts, may take.
    private static let patience = (here: 60.0, hosts: 120.0)
    private static let install =
        "Install it (apt: openmpi-bin), or add its folder to PATH; without it there is one rank"

    /// Returns the finding about the output of `mpirun --version`.
    ///
    /// - Parameter said: the output; nil where there is no mpirun.
    func finding(said: String?) -> Finding {
        guard let said else {
            return .problem("mpirun", "it is in no folder of PATH", needed: name, remedy: Self.install)
        }
        let found = said.split(separator: "\n").first.map(String.init) ?? "it says nothing"
        guard let own = Self.version(in: library), let its = Self.version(in: said), said.contains("Open MPI") else {
            return .warning(
                "mpirun", found, needed: name,
                remedy: "Put Open MPI's mpirun first on PATH: other launchers are not tried")
        }
        guard own.major == its.major else {
            return .problem(
                "mpirun", found, needed: name,
                remedy: "Put the same Open MPI's mpirun first on PATH: ranks of another one do not find each other")
        }
        return own == its
            ? .ok("mpirun", found)
            : .warning("mpirun", found, needed: name, remedy: "Install one version everywhere: mixtures are not tried")
    }

    /// The library's name up to its version.
    private var name: String { String(library.prefix { $0 != "," }) }

    struct Version: Hashable {
        let major: Int
        let rest: [Int]
    }

    /// Returns the first number with dots of a text: `4.1.4`.
    static func version(in text: String) -> Version? {
        for word in text.split(whereSeparator: { $0.isWhitespace || $0 == "," }) {
            let digits = word.first == "v" ? word.dropFirst() : word
            let parts = digits.split(separator: ".").map { Int($0) }
            if parts.count >= 2, let major = parts[0], !parts.contains(nil) {
                return Version(major: major, rest: parts.dropFirst().compactMap(\.self))
            }
        }
        return nil
    }

    /// Returns the finding about a trial in which ranks were to start and meet.
    static func finding(
        _ check: String, ranks: Int, _ ending: ProgramRun.Ending?, errors: String, remedy: String
    ) -> Finding {
        // Open MPI's message fills a page, of which the first sentence names the problem.
        let first = errors.split(whereSeparator: \.isNewline).map(String.init)
            .first { line in !line.allSatisfy { $0 == "-" || $0.isWhitespace } }
        let words = first.map { ": \($0.visible)" } ?? ""
        let needed = "\(ranks) ranks that start and meet"
        switch ending {
        case .code(0): return .ok(check, "\(ranks) ranks start and meet")
        case .code(let code): return .problem(check, "mpirun ends with \(code)\(words)", needed: needed, remedy: remedy)
        case .signal(let number):
            return .problem(check, "signal \(number) ends mpirun\(words)", needed: needed, remedy: remedy)
        case .timeout, nil:
            return .problem(check, "they do not meet in time\(words)", needed: needed, remedy: remedy)
        }
    }

    /// Asks mpirun, and has two ranks of this machine meet.
    package func findings(surroundings: Surroundings) -> [Finding] {
        guard let version = Self.run(["mpirun", "--version"], seconds: 10) else { return [finding(said: nil)] }
        let remedy = "Try `cnn-train launch -n 2 bench --model lenet`, which shows all that Open MPI says"
        return [finding(said: version.output)]
            + Self.meeting("ranks here", ranks: 2, .here, surroundings, seconds: Self.patience.here, remedy: remedy)
    }

    /// Has a rank on each host meet the others.
    package static func findings(on hosts: [Host], surroundings: Surroundings) -> [Finding] {
        let list = HostList(hosts.map { Host($0.name, slots: 1) })
        let remedy =
            "Let TCP ports from 1024 on through between the hosts, or name the network that they share: "
            + "OMPI_MCA_btl_tcp_if_include=10.0.0.0/8, and the same for oob_tcp_if_include"
        return meeting(
            "ranks on hosts", ranks: hosts.count, .hosts(list), surroundings, seconds: patience.hosts, remedy: remedy)
    }

    /// Returns the finding about all ranks of a program that only prints its version: they wait for each other before
    /// they end.
    private static func meeting(
        _ check: String, ranks: Int, _ machines: LaunchPlan.Machines, _ surroundings: Surroundings, seconds: Double,
        remedy: String
    ) -> [Finding] {
        do {
            try requireSharedFiles()
            let plan = try LaunchPlan(ranks: ranks, machines: machines, surroundings: surroundings)
            let program = try ProgramRun(plan.call(of: ownProgram, ["--version"]))
            ProgramRun.wait(for: [program], seconds: seconds)
            return [finding(check, ranks: ranks, program.ending, errors: program.errors, remedy: remedy)]
        } catch {
            return [.problem(check, "\(error)", needed: "\(ranks) ranks that start and meet", remedy: remedy)]
        }
    }

    /// Runs a program; nil where it does not exist.
    private static func run(_ call: [String], seconds: Double) -> ProgramRun? {
        guard let program = try? ProgramRun(call) else { return nil }
        ProgramRun.wait(for: [program], seconds: seconds)
        return program
    }
}
