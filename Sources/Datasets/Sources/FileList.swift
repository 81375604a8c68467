import Files
import Glibc
import Tensors

/// Paths below a folder, as the bytes that the system has for them, in one stretch of memory: a million of them take some hundred megabytes as
/// strings, and a tenth of it here.
struct FileList: Sendable {
    private var bytes: [UInt8] = []
    /// Where each path ends in `bytes`.
    private var ends: [Int] = []

    var count: Int { ends.count }

    mutating func append(_ path: some Sequence<UInt8>) {
        bytes += path
        ends.append(bytes.count)
    }

    /// The bytes of a path.
    subscript(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    /// A path as text.
    func text(_ index: Int) -> String { String(pathBytes: self[index]) }
}

/// An entry of a folder.
struct FolderEntry {
    enum Kind {
        case file, folder, other
    }

    /// As the system has it, without the folder.
    let name: [UInt8]
    let kind: Kind
}

/// The entries of a folder, sorted by the bytes of their names, symbolic links as what they lead to.
///
/// Hidden ones and what macOS leaves behind are no entries.
/// - Throws: `DatasetError.unreadable` where the system does not list it.
func entries(ofFolder path: String) throws(DatasetError) -> [FolderEntry] {
    guard let folder = path.withPath({ opendir($0) }) else {
        throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    defer { closedir(folder) }
    var found: [FolderEntry] = []
    while true {
        errno = 0
        guard let entry = readdir(folder) else { break }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in Array(bytes.prefix { $0 != 0 }) }
        // `.`, `..`, hidden files and `._x.jpg` begin with a dot.
        if name.first == UInt8(ascii: ".") || name == Array("__MACOSX".utf8) { continue }
        found.append(
            FolderEntry(name: name, kind: kind(Int32(entry.pointee.d_type), of: path + "/" + String(pathBytes: name))))
    }
    guard errno == 0 else {
        throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    return found.sorted { $0.name.lexicographicallyPrecedes($1.name) }
}

private func kind(_ type: Int32, of path: String) -> FolderEntry.Kind {
    switch type {
    case Int32(DT_REG): return .file
    case Int32(DT_DIR): return .folder
    case Int32(DT_LNK), Int32(DT_UNKNOWN):
        var status = stat()
        guard path.withPath({ stat($0, &status) }) == 0 else { return .other }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    default: return .other
    }
}

/// Reads a whole file into memory that is used again.
///
/// - Parameter limit: bytes that it may have at most.
func readSample(_ path: String, limit: Int = mostSampleBytes, into bytes: inout [UInt8]) throws(SampleError) {
    bytes.removeAll(keepingCapacity: true)
    let descriptor = path.withPath { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw SampleError("\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw SampleError("\(path) is not a file")
    }
    guard status.st_size <= limit else {
        throw SampleError("\(path) has \(status.st_size) bytes; at most \(limit) are read of a picture")
    }
    let size = Int(status.st_size)
    if bytes.capacity < size { bytes.reserveCapacity(size) }
    var failure: Int32 = 0
    bytes.append(addingCapacity: size) { (target: inout OutputSpan<UInt8>) in
        target.withUnsafeMutableBufferPointer { buffer, count in
            while count < size {
                let result = read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
                if result < 0 && errno == EINTR { continue }
                if result < 0 { failure = errno }
                guard result > 0 else { return }
                count += result
            }
        }
    }
    guard failure == 0 else { throw SampleError("\(path): \(String(cString: strerror(failure)))") }
}

/// Bytes that a picture's file may have: more than any of `Image.mostPixels` needs that is not made to be large.
let mostSampleBytes = 1 << 30

/// Whether a picture is kept for testing, where nothing else says which are: a function of its path, so that pictures that are added later move none
/// from one side to the other.
///
/// - Parameter fraction: the share that is kept, in 0...1.
func isHeldOut(_ path: some Sequence<UInt8>, fraction: Double) -> Bool {
    // Of 64 random bits the upper 53 as a number in [0, 1).
    let random = CounterRandom(seed: FNV1a(path).value, stream: "held out").bits(0)
    return Double(random >> 11) * 0x1p-53 < fraction
}
