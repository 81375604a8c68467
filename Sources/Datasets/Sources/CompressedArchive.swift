import Files
import Foundation

/// A tar archive in gzip's or zstd's form, read from its beginning to its end without being extracted.
final class CompressedArchive: TarBytes {
    private let file: Decompressor
    /// The number of bytes read or skipped so far.
    private(set) var place = 0

    let count = Int.max

    private enum Decompressor: ~Copyable {
        case gzip(CompressedFile)
        case zstd(ZstdFile)
    }

    /// - Throws: `DatasetError.unreadable` where the system does not open it.
    init(path: String) throws(DatasetError) {
        file = ZstdFile.isZstd(path) ? .zstd(try ZstdFile(path: path)) : .gzip(try CompressedFile(path: path))
    }

    func read(at offset: Int, count: Int, into bytes: inout [UInt8]) throws(TarError) {
        precondition(offset >= place, "a compressed archive is read from byte \(place) on, not from \(offset)")
        do throws(DatasetError) {
            while place < offset {
                let skipped = try next(min(offset - place, 1 << 20)).count
                if skipped == 0 { break }
                place += skipped
            }
            bytes = place == offset ? try next(count) : []
            place += bytes.count
        } catch .unreadable(_, let reason) {
            throw TarError(reason: reason)
        } catch {
            throw TarError(reason: "\(error)")
        }
    }

    /// Skips the rest, which the checksums follow.
    func readToEnd() throws(TarError) {
        var bytes: [UInt8] = []
        repeat { try read(at: place, count: 1 << 20, into: &bytes) } while !bytes.isEmpty
    }

    private func next(_ count: Int) throws(DatasetError) -> [UInt8] {
        switch file {
        case .gzip(let file): try file.read(count)
        case .zstd(let file): try file.read(count)
        }
    }
}

/// A compressed archive of a set. It is begun anew where a place before the last one is asked for, which takes as long
/// as reading it up to there.
///
/// Sendable by hand: every access to the archive holds the lock.
final class CompressedShard: TarShard, @unchecked Sendable {
    let path: String
    let count = Int.max

    private let lock = NSLock()
    private var archive: CompressedArchive?
    private var end = Int.max

    /// - Throws: `DatasetError.unreadable` where the system does not open it.
    init(_ path: String) throws(DatasetError) {
        self.path = path
        archive = try CompressedArchive(path: path)
    }

    func read(at offset: Int, count: Int, into bytes: inout [UInt8]) throws(TarError) {
        lock.lock()
        defer { lock.unlock() }
        let archive = try archive(at: offset)
        try archive.read(at: offset, count: count, into: &bytes)
        if offset + count >= end { self.archive = nil }
    }

    private func archive(at offset: Int) throws(TarError) -> CompressedArchive {
        if let archive, archive.place <= offset { return archive }
        do throws(DatasetError) {
            let anew = try CompressedArchive(path: path)
            archive = anew
            return anew
        } catch {
            throw TarError(reason: "\(error)")
        }
    }

    func finish(after end: Int) throws(TarError) {
        lock.lock()
        defer { lock.unlock() }
        try archive?.readToEnd()
        self.end = end
        archive = nil
    }
}
