import CZstd

/// The settings for compressing a checkpoint: a smaller file takes more time.
package struct Compression: Equatable, Sendable {
    /// The levels that users may choose: the lower the faster, 19 for the smallest file. Weights are mostly noise, so
    /// that a high level gains little.
    package static let levels: ClosedRange<Int> = -7...19
    package static let defaultLevel = 1

    package var level: Int
    /// The number of threads that compress beside the writing one; with 0, the writing thread compresses. The file's
    /// bytes do not depend on it.
    package var threads: Int

    /// - Precondition: `level` is in `levels`, `threads` is not negative.
    package init(level: Int = Compression.defaultLevel, threads: Int = 1) {
        precondition(Self.levels.contains(level), "no compression level \(level)")
        precondition(threads >= 0, "\(threads) threads")
        self.level = level
        self.threads = threads
    }

    /// The version of the library that compresses.
    package static var libraryVersion: String { unsafe String(cString: ZSTD_versionString()) }
}
