import ArgumentParser
import Collectives
import Files
import Fitness
import Foundation
import Launching
import Recipes
import Terminal
import Training

/// `cnn-train check`: whether a run would start here, and on other machines.
struct CheckCommand: LocalCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Says whether this machine, MPI, other hosts and the data are fit for a run.",
        discussion: """
            A line each says what was found, what is needed, and what to do. Other hosts are asked by ssh and check \
            themselves; then a rank on each meets the others. Ends with exit code 1 where there is a problem; warnings \
            are no problems.
            """)

    @Option(
        name: [.customShort("n"), .customLong("ranks")], help: "Processes of each machine.")
    var ranks = 1
    @Option(help: ArgumentHelp("Machines of the run.", valueName: "a:4,b:4")) var hosts: String?
    @Option(help: ArgumentHelp("The same, a machine a line: node1 slots=4.", valueName: "file"), transform: userPath)
    var hostfile: String?
    @Option(\.data, default: "none is looked at", transform: userDataset) var data: String?
    @Option(\.output, default: "runs", transform: userPath) var output: String?
    @Flag(help: "Prints one JSON object.") var json = false

    func validate() throws {
        try checkRanges([("--ranks", ranks, 1...100_000)])
        if hosts != nil && hostfile != nil {
            throw ValidationError("--hosts and --hostfile both name machines: give one")
        }
    }

    func run() throws {
        let start = Date().timeIntervalSince1970
        let hosts = try namedHosts()
        let surroundings = Surroundings.here(cores: MachineCores.count, hosts: hosts)
        var report = FitnessReport(
            version: CNNTrain.configuration.version, host: hostName(), unixTime: start,
            findings: localFindings(surroundings))
        report.findings += hostFindings(hosts, surroundings)
        print(json ? try JSONText(report).text : Self.text(report))
        guard report.isFit else {
            throw FailureSum(
                "\(Wording.count(report.count(.problem), "problem")) to solve before a run; each line says how")
        }
    }

    private func namedHosts() throws -> [Launching.Host] {
        if let hosts { return try HostList(parsing: hosts).hosts }
        if let hostfile { return try LaunchPlan.Machines(hostfile: hostfile).hosts }
        return []
    }

    private func localFindings(_ surroundings: Surroundings) -> [Finding] {
        let cores = MachineCores.count
        var findings = [ProcessorCheck(cores: cores).finding(ranks: ranks), MemoryCheck.finding(ranks: ranks)]
        findings.append(SharedMemoryCheck.finding(ranks: ranks))
        findings += LimitsCheck.findings(cores: cores, ranks: ranks)
        // Under mpirun it has shown that it works.
        if !Launcher.isPresent {
            findings += LauncherCheck(library: MPILibrary.version).findings(surroundings: surroundings)
        }
        if let data { findings += showingOpening(on: ProgressBar()) { DataCheck.findings(of: data) } }
        findings.append(DiskCheck.finding(of: output ?? "runs"))
        return findings
    }

    private func hostFindings(_ hosts: [Launching.Host], _ surroundings: Surroundings) -> [Finding] {
        let others = hosts.filter { !surroundings.isHere($0) }
        guard !others.isEmpty, !Launcher.isPresent else { return [] }
        let environment = ProcessInfo.processInfo.environment
        let shell = RemoteShell(
            agent: environment["OMPI_MCA_plm_rsh_agent"], arguments: environment["OMPI_MCA_plm_rsh_args"])
        // Results are written by rank 0 alone.
        let arguments =
            ["check", "--json", "--ranks", "\(ranks)", "--output", "/tmp"] + (data.map { ["--data", $0] } ?? [])
        let libraries = environment["LD_LIBRARY_PATH"].map { [(name: "LD_LIBRARY_PATH", value: $0)] } ?? []
        let (findings, answering) = HostCheck(version: CNNTrain.configuration.version, program: ownProgram)
            .findings(of: others, by: shell, arguments: arguments, variables: libraries)
        // Those that cannot be reached are named; the others may still meet.
        let meeting = hosts.filter { surroundings.isHere($0) || answering.contains($0) }
        guard meeting.count > 1 else { return findings }
        return findings + LauncherCheck.findings(on: meeting, surroundings: surroundings)
    }

    private static func text(_ report: FitnessReport) -> String {
        let rows = report.findings.map { [$0.verdict.rawValue, $0.check.visible, $0.words.visible] }
        let warnings = report.count(.warning)
        let end = report.isFit ? "fit for a run" : "not fit for a run"
        let count = warnings > 0 ? ", with \(Wording.count(warnings, "warning"))" : ""
        return Wording.table(rows, leading: 3) + "\n\(end)\(count)"
    }
}
