import Files
package import Runs

/// The call of mpirun that fits a job: how many ranks where, and the settings without which it would be refused, be
/// slow or talk over the wrong network.
package struct LaunchPlan: Hashable, Sendable {
    /// The origin of a job's list of machines.
    package enum Machines: Hashable, Sendable {
        /// This machine; in a batch system's job, that job's.
        case here
        case hosts(HostList)
        /// A file that mpirun reads, and the hosts that it names.
        case hostfile(path: String, HostList)

        package var hosts: [Host] {
            switch self {
            case .here: []
            case .hosts(let list), .hostfile(_, let list): list.hosts
            }
        }

        /// Those of a hostfile, which mpirun is to read itself where it can.
        ///
        /// - Throws: `LaunchError.hostfile`
        package init(hostfile path: String) throws(LaunchError) {
            let file = try Hostfile(contentsOf: path)
            if file.isReadByLauncher {
                self = .hostfile(path: path, file.hosts)
                return
            }
            if let host = file.hosts.hosts.first(where: { $0.name.contains("@") }) {
                throw .hostfile(
                    path: path,
                    reason:
                        "mpirun cannot read it (it is a pipe, or has the line ends or the mark of Windows), and with "
                        + "\(host.name) it names a user, which only a file can: "
                        + "save it as a file with the line ends of Unix"
                )
            }
            self = .hosts(file.hosts)
        }
    }

    /// mpirun and its arguments, up to the program.
    package let launcher: [String]

    /// - Parameters:
    ///   - ranks: nil for as many as the hosts take, or as a batch system's job has.
    ///   - usesStandardInput: whether rank 0 is to have this process's standard input.
    ///   - job: the supervised job that this is a start of; nil where nobody supervises.
    ///   - remoteShell: words, parted by spaces, by which mpirun reaches other hosts; nil for its own way.
    /// - Throws: `LaunchError` where ranks and hosts do not go together.
    package init(
        ranks: Int?, machines: Machines, surroundings: Surroundings, usesStandardInput: Bool = false,
        job: SupervisedJob? = nil, remoteShell: String? = nil
    ) throws(LaunchError) {
        var words = ["mpirun"]
        switch machines {
        case .here:
            guard ranks != nil || surroundings.isAllocated else { throw .ranksUnknown }
            if let ranks { words += ["-n", "\(ranks)"] }
            if let ranks, ranks > surroundings.cores, !surroundings.isAllocated { words += ["--oversubscribe"] }
        case .hosts(let list):
            guard let ranks = ranks ?? list.slots else { throw .ranksUnknown }
            let shared = list.sharing(ranks)
            try Self.check(ranks, slots: shared.slots)
            words += ["-n", "\(ranks)", "--host"]
            words += [shared.hosts.map { "\($0.name):\($0.slots ?? 1)" }.joined(separator: ",")]
        case .hostfile(let path, let list):
            guard let ranks = ranks ?? list.slots else { throw .ranksUnknown }
            try Self.check(ranks, slots: list.slots)
            words += ["-n", "\(ranks)", "--hostfile", path]
        }
        // Ranks are dealt out over the machines, as cnn-train numbers them anyway, so that mpirun's messages use the
        // same numbers; cores are shared out by the program itself, which knows its threads.
        words += ["--map-by", "node", "--bind-to", "none"]
        // Otherwise mpirun would read all of standard input for rank 0, though it belongs to later commands: the lines
        // of a loop around this call.
        if !usesStandardInput { words += ["--stdin", "none"] }
        if surroundings.isRoot { words += ["--allow-run-as-root"] }
        words += Self.parameters(machines, surroundings, job).flatMap { ["--mca", $0.name, $0.value] }
        // Even where the user has another, which then has led to the agents.
        if let remoteShell, !machines.hosts.isEmpty {
            words += ["--mca", "plm_rsh_agent", remoteShell, "--mca", "plm_rsh_no_tree_spawn", "1"]
        }
        var exported = machines.hosts.isEmpty ? [] : surroundings.exported
        if job != nil, !machines.hosts.isEmpty {
            exported += [SupervisedJob.variable, Surroundings.stackVariable].filter { !exported.contains($0) }
        }
        words += exported.flatMap { ["-x", $0] }
        launcher = words
    }

    private static func check(_ ranks: Int, slots: Int?) throws(LaunchError) {
        if let slots, ranks > slots { throw .tooFewSlots(ranks: ranks, slots: slots) }
    }

    /// Open MPI's parameters, less those that the user has set.
    private static func parameters(
        _ machines: Machines, _ surroundings: Surroundings, _ job: SupervisedJob?
    ) -> [(name: String, value: String)] {
        var parameters = [
            // Inside MPI's own waiting (start and end) let other ranks have the core.
            (name: "mpi_yield_when_idle", value: "1"),
            // Not a word about fast networks that a machine does not have.
            (name: "btl_base_warn_component_unused", value: "0"),
        ]
        if surroundings.isFiltered { parameters.append((name: "btl_vader_single_copy_mechanism", value: "none")) }
        if let network = commonNetwork(machines.hosts, surroundings) {
            // Else Open MPI tries every network that both ends have an address on, such as a container bridge's.
            parameters.append((name: "btl_tcp_if_include", value: "\(network)"))
            parameters.append((name: "oob_tcp_if_include", value: "\(network)"))
        }
        if let job {
            // A rank that is left when another has failed need not be given a second to save anything.
            parameters.append((name: "odls_base_sigkill_timeout", value: "0"))
            // Files of killed processes are found, and removed, in the job's own folders.
            parameters.append((name: "btl_vader_backing_directory", value: job.memoryFolder))
            parameters.append((name: "orte_tmpdir_base", value: job.sessionFolder))
        }
        return parameters.filter { !surroundings.ownParameters.contains($0.name) }
    }

    /// The one network on which this machine reaches all the others; nil where there is none, or more than one.
    static func commonNetwork(_ hosts: [Host], _ surroundings: Surroundings) -> Subnet? {
        var common: Set<Subnet>?
        for host in hosts {
            let addresses = surroundings.addresses[host.name] ?? []
            // This machine, by whatever name.
            if !addresses.isEmpty, addresses.allSatisfy(\.isLoopback) { continue }
            let networks = Set(
                surroundings.networks.filter { network in
                    addresses.contains { !$0.isLoopback && network.contains($0) }
                })
            common = common?.intersection(networks) ?? networks
        }
        guard let common, common.count == 1 else { return nil }
        return common.first
    }

    /// The whole call.
    package func call(of program: String, _ arguments: [String]) -> [String] { launcher + [program] + arguments }

    /// A call as one would type it.
    package static func shellWords(_ call: [String]) -> String {
        call.map(shellWord).joined(separator: " ")
    }
}
