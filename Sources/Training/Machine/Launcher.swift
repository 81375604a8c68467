import Foundation

/// The program that started this process.
package enum Launcher {
    /// Whether mpirun, srun or the like started this process, be it as one of several or alone. To be asked before the
    /// job starts, which settles it: `MPI_Init` of a program that nobody launched sets such variables too.
    package static let isPresent: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return names.contains { environment[$0] != nil }
    }()

    private static let names = ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"]

    /// Whether a launcher started the process whose `/proc/PID/environ` this is.
    static func isNamed(inEnvironment environment: String) -> Bool {
        environment.split(separator: "\0").contains { entry in names.contains { entry.hasPrefix($0 + "=") } }
    }
}
