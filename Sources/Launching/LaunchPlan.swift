import Files
package import Runs

/// The call of mpirun for a job: the number of ranks on each host, and the settings without which Open MPI would refuse
/// the job, be slow, or use the wrong network.
package struct LaunchPlan: Hashable, Sendable {
    /// The source of a job's list of machines.
    package enum Machines: Hashable, Sendable {
        /// This machine or, within a batch system's job, that job's machines.
        case here
        case hosts(HostList)
        /// A file that mpirun reads, and the hosts in it.
        case hostfile(path: String, HostList)

        package var hosts: [Host] {
            switch self {
            case .here: []
            case .hosts(let list), .hostfile(_, let list): list.hosts
            }
        }

        /// Makes the machines of a hostfile, which mpirun is to read itself where it can.
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

    /// The words of mpirun and its options, up to the program.
    package let launcher: [String]

    /// - Parameters:
    ///   - ranks: the number of ranks; nil for as many as the hosts take, or as a batch system's job has.
    ///   - usesStandardInput: whether rank 0 is to have this process's standard input.
    ///   - job: the supervised job; nil without a supervisor.
    ///   - remoteShell: the words, separated by spaces, by which mpirun reaches other hosts; nil for its own way.
    /// - Throws: `LaunchError` where ranks and hosts do not fit together.
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
        // Ranks are dealt out over the machines, in the order in which cnn-train numbers them, so that mpirun's
        // messages use the same numbers. The program itself divides the cores, as it knows its threads.
        words += ["--map-by", "node", "--bind-to", "none"]
        // Otherwise mpirun would read all of standard input for rank 0, which may belong to later commands: the lines
        // of a loop around this call.
        if !usesStandardInput { words += ["--stdin", "none"] }
        if surroundings.isRoot { words += ["--allow-run-as-root"] }
        words += Self.parameters(machines, surroundings, job).flatMap { ["--mca", $0.name, $0.value] }
        // Set even where the user has set another, which the agents have used already.
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

    /// Returns the parameters of Open MPI, except those that the user has set.
    private static func parameters(
        _ machines: Machines, _ surroundings: Surroundings, _ job: SupervisedJob?
    ) -> [(name: String, value: String)] {
        var parameters = [
            // Lets other ranks have the core while MPI itself waits (at start and end).
            (name: "mpi_yield_when_idle", value: "1"),
            // Suppresses warnings about fast networks that a machine does not have.
            (name: "btl_base_warn_component_unused", value: "0"),
        ]
        if surroundings.isFiltered { parameters.append((name: "btl_vader_single_copy_mechanism", value: "none")) }
        if let network = commonNetwork(machines.hosts, surroundings) {
            // Otherwise Open MPI tries every network on which both ends have an address, such as a container bridge's.
            parameters.append((name: "btl_tcp_if_include", value: "\(network)"))
            parameters.append((name: "oob_tcp_if_include", value: "\(network)"))
        }
        if let job {
            // A rank that remains after another has failed has nothing to save, so it need not get a second for it.
            parameters.append((name: "odls_base_sigkill_timeout", value: "0"))
            // In the job's own folders, files of killed processes can be found and removed.
            parameters.append((name: "btl_vader_backing_directory", value: job.memoryFolder))
            parameters.append((name: "orte_tmpdir_base", value: job.sessionFolder))
        }
        return parameters.filter { !surroundings.ownParameters.contains($0.name) }
    }

    /// Returns the network on which this machine reaches all the others; nil where there is none, or more than one.
    static func commonNetwork(_ hosts: [Host], _ surroundings: Surroundings) -> Subnet? {
        var common: Set<Subnet>?
        for host in hosts {
            let addresses = surroundings.addresses[host.name] ?? []
            // A name of this machine.
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

    /// Returns the whole call.
    package func call(of program: String, _ arguments: [String]) -> [String] { launcher + [program] + arguments }

    /// Returns a call as a user would type it.
    package static func shellWords(_ call: [String]) -> String {
        call.map(shellWord).joined(separator: " ")
    }
}
