import Synchronization

/// The progress of opening a dataset: listing a folder of a million pictures, or reading through a tar file, takes
/// minutes the first time.
package final class OpeningProgress: Sendable {
    @TaskLocal private static var current: OpeningProgress?

    private let found = Mutex(0)
    private let tell: @Sendable (_ found: Int) -> Void
    private let end: @Sendable () -> Void

    private init(tell: @escaping @Sendable (Int) -> Void, end: @escaping @Sendable () -> Void) {
        self.tell = tell
        self.end = end
    }

    /// Runs `body`, which opens datasets on the calling thread.
    ///
    /// - Parameters:
    ///   - tell: called again and again with the number of files found so far.
    ///   - end: called when a dataset is open, or cannot be opened.
    package static func watching<Result>(
        tell: @escaping @Sendable (_ found: Int) -> Void, end: @escaping @Sendable () -> Void,
        _ body: () throws -> Result
    ) rethrows -> Result {
        try $current.withValue(OpeningProgress(tell: tell, end: end), operation: body)
    }

    /// Files between two calls of `found`.
    static let interval = 256

    /// `interval` more files have been found.
    static func foundMore() {
        guard let current else { return }
        current.tell(
            current.found.withLock { found in
                found += interval
                return found
            })
    }

    /// Reports that a dataset is open.
    static func finish() {
        guard let current else { return }
        current.found.withLock { $0 = 0 }
        current.end()
    }
}
