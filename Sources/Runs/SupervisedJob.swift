import Foundation

/// A job under a supervisor: the name that all its processes share, and the folders for files that last no longer than
/// they do.
package struct SupervisedJob: Hashable, Sendable {
    /// The environment variable that holds `id` in each process of the job.
    package static let variable = "CNN_TRAIN_JOB"

    /// The name: 16 hexadecimal digits.
    package let id: String

    /// Makes a job of its name; nil for any other text.
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

    /// The job that this process belongs to; nil where no supervisor has started it.
    package static var own: SupervisedJob? {
        ProcessInfo.processInfo.environment[variable].flatMap(SupervisedJob.init(id:))
    }

    /// The folder for memory shared by a host's processes, and for the notes of failed ones.
    package var memoryFolder: String { "/dev/shm/" + Self.prefix + id }
    /// The folder for a host's files of Open MPI.
    package var sessionFolder: String { "/tmp/" + Self.prefix + id }

    package static let prefix = "cnn-job-"
    private static let digits = 16
}
