import Files
import Foundation
import Glibc

/// A note for the supervisor from a rank that ends by an error: a file in `SupervisedJob.memoryFolder`.
package struct FailureNote: Codable, Hashable, Sendable {
    package let rank: Int
    package let exitCode: Int32
    /// Whether the error is in this rank's program or data, and not in the communication between ranks.
    package let isOwn: Bool
    package let words: String

    package init(rank: Int, exitCode: Int32, isOwn: Bool, words: String) {
        self.rank = rank
        self.exitCode = exitCode
        self.isOwn = isOwn
        self.words = words
    }

    private static let prefix = "failure."
    private static let longest = 1 << 14

    /// Writes the note for this process's supervisor. An error of writing is ignored.
    package func leave(for job: SupervisedJob) {
        guard let data = try? JSONEncoder().encode(self), data.count <= Self.longest else { return }
        let path = "\(job.memoryFolder)/\(Self.prefix)\(rank)"
        let descriptor = path.withPath { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { return }
        _ = data.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
    }

    /// Returns the notes of this host's ranks, in the order of ranks.
    package static func all(of job: SupervisedJob) -> [FailureNote] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: job.memoryFolder)) ?? []
        return names.filter { $0.hasPrefix(prefix) }.compactMap { name in
            guard let bytes = try? readFile("\(job.memoryFolder)/\(name)", limit: longest) else { return nil }
            return try? JSONDecoder().decode(FailureNote.self, from: Data(bytes))
        }.sorted { $0.rank < $1.rank }
    }
}
