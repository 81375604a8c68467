import Files
import Glibc
import NIOCore
import Runs
import Synchronization

/// The run's report, read again when it has been written anew. All that are answered with it share its bytes.
final class ReportFile: Sendable {
    /// The version of the file, which differs between successive files of the same name.
    private struct Version: Equatable {
        let file: UInt64
        let bytes: Int
        let seconds: Int
        let nanoseconds: Int
    }

    private let kept = Mutex<(version: Version, content: ByteBuffer)?>(nil)

    /// Bytes that a report has at most.
    private static let limit = 64 << 20

    /// nil where there is none yet.
    func content(in folder: RunFolder) -> ByteBuffer? {
        guard let status = fileStatus(folder.report) else { return nil }
        let version = Version(
            file: UInt64(status.st_ino), bytes: Int(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
        return kept.withLock { kept in
            if let kept, kept.version == version { return kept.content }
            guard let bytes = try? readFile(folder.report, limit: Self.limit) else { return nil }
            let content = ByteBuffer(bytes: bytes)
            kept = (version, content)
            return content
        }
    }
}
