/// The reasons for which a job cannot be started.
package enum LaunchError: Error, Equatable, Sendable {
    case hosts(found: String, reason: String)
    case hostfile(path: String, reason: String)
    case ranksUnknown
    case tooFewSlots(ranks: Int, slots: Int)
    case nothingToRun
    case noLauncher(path: String)
    case launchedAlready
    /// The files that ranks of a machine share may not be written; mpirun would wait for ever.
    case shortFiles(found: Int, needed: Int)
    case refused(program: String, reason: String)
    /// A host has no folder for the files that a supervised job's processes share.
    case noJobFolder(path: String, reason: String)
    /// A start of a supervised job whose supervisor does not receive it.
    case noSupervisor(job: String, reason: String)
    case onlyTraining(found: String)
    case inputOnce
    case machinesUnnamed
}

extension LaunchError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .hosts(let found, let reason):
            "the hosts '\(found)' cannot be used: \(reason). Write them as a:4,b:4, where the number says how many "
                + "ranks a host takes"
        case .hostfile(let path, let reason):
            "the hostfile \(path) cannot be used: \(reason). A line of it names a host and how many "
                + "ranks it takes: node1 slots=4"
        case .ranksUnknown:
            "how many ranks? Say -n 4, or with each host how many it takes: --hosts a:4,b:4"
        case .tooFewSlots(let ranks, let slots):
            "\(ranks) ranks do not fit on hosts that take \(slots): give the hosts more (--hosts a:8,b:8) or ask for "
                + "fewer ranks with -n"
        case .nothingToRun:
            "what shall be launched? Put it behind the options: cnn-train launch -n 4 train --model lenet"
        case .noLauncher(let path):
            "mpirun is in none of the folders of PATH (\(path)): install Open MPI (apt: openmpi-bin), "
                + "or add its folder to PATH"
        case .launchedAlready:
            "this process was started by mpirun or srun, which have said how many ranks there are: leave launch or "
                + "--workers out"
        case .shortFiles(let found, let needed):
            "files of \(found) bytes at most may be written here, but Open MPI shares some of \(needed) among ranks: "
                + "raise the limit with `ulimit -f \(needed / 512)` or more"
        case .refused(let program, let reason):
            "\(program) cannot be started: \(reason)"
        case .noJobFolder(let path, let reason):
            "\(path), where processes of a supervised job keep what they share, cannot be made: \(reason)"
        case .noSupervisor(let job, let reason):
            "no supervisor of the job \(job) takes the start of Open MPI's daemon: \(reason)"
        case .onlyTraining(let found):
            "--supervise is for training, which can go on from what it has saved, and not for \(found): "
                + "leave --supervise out"
        case .inputOnce:
            "standard input can be read only once, but --supervise starts the command again: give it a file"
        case .machinesUnnamed:
            "--supervise has to know a batch system's machines by name: --hosts node1:4,node2:4, which scontrol show "
                + "hostnames prints under Slurm"
        }
    }
}
