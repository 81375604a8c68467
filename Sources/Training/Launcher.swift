import Foundation

/// What started this process.
package enum Launcher {
    /// Whether mpirun, srun or the like did, be it as one of several or alone.
    package static var isPresent: Bool {
        let environment = ProcessInfo.processInfo.environment
        return ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"].contains { environment[$0] != nil }
    }
}
