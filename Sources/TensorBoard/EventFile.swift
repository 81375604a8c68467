import Files
import Foundation
import Glibc
import Runs
import Terminal

/// An event file of TensorBoard that is being written: records, each of a length, the length's checksum, data and
/// their checksum (tensorflow/core/lib/io/record_writer.h).
///
/// A record is written by one call, so that a process that is killed leaves whole ones and at most one that is torn,
/// at the end, where TensorBoard waits for the rest.
final class EventFile {
    let path: String
    private let descriptor: Int32
    /// Bytes that are whole records.
    private var length: off_t = 0

    /// Begins a file that comes after all others of the folder, in the order of their names, which TensorBoard reads
    /// them in.
    ///
    /// - Parameter time: seconds since 1970, which the name begins with.
    /// - Throws: `RunError.cannotWrite`
    init(in folder: String, time: Double) throws(RunError) {
        try RunError.writing(folder) { try makeFolders(folder) }
        let newest = Self.seconds(in: folder).max() ?? 0
        let name = Self.name(seconds: max(Int(time), newest + 1))
        path = folder + "/" + name
        descriptor = path.withPath { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: systemReason(errno)) }
        try append(Event(wallTime: time, step: 0, content: .version))
    }

    deinit { close(descriptor) }

    /// Appends a record. Where the disk is full, removes the part that was written.
    ///
    /// - Throws: `RunError.cannotWrite`
    func append(_ event: Event) throws(RunError) {
        let record = Self.record(event.bytes)
        let written = record.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, length) }
        guard written == record.count else {
            let reason = written < 0 ? systemReason(errno) : systemReason(ENOSPC)
            ftruncate(descriptor, length)
            throw .cannotWrite(path: path, reason: reason)
        }
        length += off_t(written)
    }

    static func record(_ data: [UInt8]) -> [UInt8] {
        let count = bytes(of: UInt64(data.count))
        return count + bytes(of: CRC32C.masked(of: count)) + data + bytes(of: CRC32C.masked(of: data))
    }

    private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private static let prefix = "events.out.tfevents."

    /// Returns a file's name. Its seconds have ten digits until the year 2286, so that names sort by time.
    private static func name(seconds: Int) -> String {
        let host = (try? readFile("/proc/sys/kernel/hostname", limit: 256)).map { String(decoding: $0, as: UTF8.self) }
        let name = (host ?? "host").filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
        return prefix + "\(seconds).\(name).\(getpid())"
    }

    /// Returns the seconds in the names of the files that are there.
    private static func seconds(in folder: String) -> [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap(seconds(ofName:))
    }

    /// Returns the seconds in the name of an event file; nil for other names.
    static func seconds(ofName name: String) -> Int? {
        guard name.hasPrefix(prefix) else { return nil }
        return Int(name.dropFirst(prefix.count).prefix { $0 != "." })
    }
}
