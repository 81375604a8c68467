import CZstd

/// The settings by which a checkpoint is compressed: a smaller file costs time.
package struct Compression: Equatable, Sendable {
    /// The levels that may be asked for: below 0 ever faster, 19 smallest. Weights are mostly noise, so that a high
    /// level gains little.
    package static let levels: ClosedRange<Int> = -7...19
    package static let defaultLevel = 1

    package var level: Int
    /// Threads that compress beside the one that writes; with 0 that one does it itself. The file's bytes do not depend
    /// on how many there are.
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
