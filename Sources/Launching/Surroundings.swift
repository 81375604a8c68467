import Foundation

/// The properties of the machine and its environment that a job's settings depend on.
package struct Surroundings: Hashable, Sendable {
    /// Whether the process is root's; Open MPI refuses root unless an option allows it.
    package var isRoot = false
    /// The number of cores that this process may use.
    package var cores = 1
    /// Whether a container's seccomp filter may forbid ranks to read each other's memory.
    package var isFiltered = false
    /// Whether a batch system has chosen the job's machines (Slurm, PBS, LSF, Grid Engine).
    package var isAllocated = false
    /// The networks to which this machine is directly connected, without the loopback.
    package var networks: [Subnet] = []
    /// The addresses of hosts by name, as far as they resolve.
    package var addresses: [String: [IPv4Address]] = [:]
    /// The addresses of this machine.
    package var ownAddresses: Set<IPv4Address> = []
    /// The names of Open MPI's parameters that the user has set in the environment, which are not changed.
    package var ownParameters: Set<String> = []
    /// The environment variables that ranks on other machines need too.
    package var exported: [String] = []

    /// The environment variable that controls stack traces of crashing Swift programs.
    static let stackVariable = "SWIFT_BACKTRACE"

    package init() {}

    /// Returns the surroundings of this process.
    ///
    /// - Parameters:
    ///   - cores: the number that the program may use here.
    ///   - hosts: the hosts whose addresses are looked up.
    package static func here(cores: Int, hosts: [Host]) -> Surroundings {
        let environment = ProcessInfo.processInfo.environment
        var here = Surroundings()
        here.isRoot = geteuid() == 0
        here.cores = cores
        here.isFiltered = isInContainer(environment) && hasFilter(status: text("/proc/self/status"))
        here.isAllocated = ["SLURM_JOB_ID", "PBS_NODEFILE", "LSB_HOSTS", "PE_HOSTFILE"].contains {
            environment[$0] != nil
        }
        here.networks = Subnet.direct(routes: text("/proc/net/route"))
        for host in hosts { here.resolve(host) }
        here.ownAddresses = IPv4Address.ofThisMachine()
        here.ownParameters = Set(
            environment.keys.filter { $0.hasPrefix("OMPI_MCA_") }.map { String($0.dropFirst("OMPI_MCA_".count)) })
        here.exported = environment.keys.filter { $0 == "LD_LIBRARY_PATH" || $0.hasPrefix("CNN_TRAIN_") }.sorted()
        return here
    }

    /// Whether a host is this machine, by whatever name.
    package func isHere(_ host: Host) -> Bool {
        let addresses = addresses[host.name] ?? []
        return !addresses.isEmpty && addresses.allSatisfy { $0.isLoopback || ownAddresses.contains($0) }
    }

    /// Looks up a host's addresses, again where they may have changed. This may take seconds for a host that does not
    /// exist.
    mutating func resolve(_ host: Host) {
        let name = host.name.split(separator: "@").last.map(String.init) ?? host.name
        addresses[host.name] = Foundation.Host(name: name).addresses.compactMap { IPv4Address($0) }
    }

    private static func isInContainer(_ environment: [String: String]) -> Bool {
        ["/.dockerenv", "/run/.containerenv"].contains { FileManager.default.fileExists(atPath: $0) }
            || !(environment["container"] ?? "").isEmpty
    }

    /// Whether the kernel filters this process's system calls by seccomp (mode 2).
    static func hasFilter(status: String) -> Bool {
        status.split(separator: "\n").contains { line in
            line.hasPrefix("Seccomp:") && line.split(whereSeparator: \.isWhitespace).last == "2"
        }
    }

    private static func text(_ path: String) -> String {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
