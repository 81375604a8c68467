import Foundation

/// A job that a supervisor keeps alive: the name that all its processes share, and the folders of files that last no
/// longer than they do.
package struct SupervisedJob: Hashable, Sendable {
    /// The environment's variable that holds `id` in each process of the job.
    package static let variable = "CNN_TRAIN_JOB"

    /// 16 hexadecimal digits.
    package let id: String

    /// nil where `id` is none.
    package init?(id: String) {
        guard id.utf8.count == Self.digits, UInt64(id, radix: 16) != nil else { return nil }
        self.id = id
    }

    /// Draws a name from the system's random numbers.
    package init() {
        var random = SystemRandomNumberGenerator()
        let text = String(random.next() as UInt64, radix: 16)
        id = String(repeating: "0", count: Self.digits - text.count) + text
    }

    /// The one that this process belongs to; nil where no supervisor has started it.
    package static var own: SupervisedJob? {
        ProcessInfo.processInfo.environment[variable].flatMap(SupervisedJob.init(id:))
    }

    /// The folder of the memory that processes of a host share, and of the notes of those that failed.
    package var memoryFolder: String { "/dev/shm/" + Self.prefix + id }
    /// Open MPI's files of a host.
    package var sessionFolder: String { "/tmp/" + Self.prefix + id }

    package static let prefix = "cnn-job-"
    private static let digits = 16
}
