import Foundation

/// The program that started this process.
package enum Launcher {
    /// Whether mpirun, srun or the like started this process, alone or as one of several. Must first be read before the
    /// job starts: `MPI_Init` sets the same variables in a program without a launcher.
    package static let isPresent: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return names.contains { environment[$0] != nil }
    }()

    private static let names = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"]

    /// Whether a launcher started the process with this `/proc/PID/environ`.
    static func isNamed(inEnvironment environment: String) -> Bool {
        environment.split(separator: "\0").contains { entry in names.contains { entry.hasPrefix($0 + "=") } }
    }
}
