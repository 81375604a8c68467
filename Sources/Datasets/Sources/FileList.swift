import Files
import Glibc
import Tensors

/// The paths below a folder as bytes in one range of memory: as strings, a million of them take some hundred megabytes,
/// and here a tenth of that.
struct FileList: Sendable {
    private var bytes: [UInt8] = []
    /// The end of each path in `bytes`.
    private var ends: [Int] = []

    var count: Int { ends.count }
    /// Bytes of all paths together.
    var byteCount: Int { bytes.count }

    mutating func append(_ path: some Collection<UInt8>) {
        bytes += path
        ends.append(bytes.count)
    }

    /// The bytes of a path.
    subscript(_ index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

    /// Returns the end of a path in the bytes of all, one after the other.
    func end(_ index: Int) -> Int { ends[index] }

    /// Returns a path as text.
    func text(_ index: Int) -> String { String(pathBytes: self[index]) }

    private func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    /// Returns the order of samples that all forms of a dataset share: by label, and then by the bytes of their paths
    /// without the ending.
    ///
    /// - Parameter labels: the label of each path.
    /// - Returns: indices of this list; nil where it has that order already.
    func order(by labels: [UInt16]) -> [Int]? {
        bytes.withUnsafeBufferPointer { bytes in
            func key(_ index: Int) -> (UnsafeRawBufferPointer, ending: UnsafeRawBufferPointer) {
                let path = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[range(index)]))
                let end = keyEnd(of: path)
                return (UnsafeRawBufferPointer(rebasing: path[..<end]), UnsafeRawBufferPointer(rebasing: path[end...]))
            }
            func isBefore(_ a: Int, _ b: Int) -> Bool {
                if labels[a] != labels[b] { return labels[a] < labels[b] }
                let ((a, aEnding), (b, bEnding)) = (key(a), key(b))
                let order = compare(a, b)
                return order < 0 || (order == 0 && compare(aEnding, bEnding) < 0)
            }
            let isOrdered = (1..<max(count, 1)).allSatisfy { !isBefore($0, $0 - 1) }
            return isOrdered ? nil : (0..<count).sorted(by: isBefore)
        }
    }
}

/// Returns a number less than, equal to or more than 0, as `a` is before, equal to or after `b`.
private func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
    if let start = a.baseAddress, let other = b.baseAddress {
        let order = memcmp(start, other, min(a.count, b.count))
        if order != 0 { return Int(order) }
    }
    return a.count - b.count
}

/// Returns the place where a path's ending begins: at the last dot of its name, or at its end.
func keyEnd(of path: some RandomAccessCollection<UInt8>) -> Int {
    let bytes = path.reversed()
    for (distance, byte) in bytes.enumerated() {
        if byte == UInt8(ascii: "/") { break }
        if byte == UInt8(ascii: ".") { return path.count - distance - 1 }
    }
    return path.count
}

/// Returns a path without its ending.
func key(of path: ArraySlice<UInt8>) -> ArraySlice<UInt8> { path.prefix(keyEnd(of: path)) }

/// The pictures that are held out for testing, where the data do not define them. The choice depends on a picture's
/// class and its path below the class without the ending, so that pictures that are added later move none from one side
/// to the other.
///
/// A class of which all pictures would be held out keeps one for training: the one that a smaller share would be the
/// first to keep there.
struct HeldOut {
    private let fraction: Double
    /// The number of each picture so far, in 0..<1.
    private var numbers: [Double] = []
    /// The picture of each class with the largest number.
    private var last: [UInt16: Int] = [:]

    /// - Parameter fraction: the share that is kept, in 0...1.
    init(fraction: Double) { self.fraction = fraction }

    /// Adds the next picture.
    mutating func add(_ key: some Sequence<UInt8>, label: UInt16) {
        // Of 64 random bits the upper 53 as a number in [0, 1).
        let random = CounterRandom(seed: FNV1a(key).value, stream: "held out").bits(0)
        let number = Double(random >> 11) * 0x1p-53
        if last[label].map({ numbers[$0] < number }) ?? true { last[label] = numbers.count }
        numbers.append(number)
    }

    /// Whether a picture is kept, once all have been added.
    func contains(_ index: Int, label: UInt16) -> Bool { numbers[index] < fraction && last[label] != index }
}

/// The endings of pictures' files.
enum PictureEnding {
    /// The endings of formats that are decoded.
    static let decoded: Set<String> = ["jpg", "jpeg", "jpe", "jfif", "png", "webp"]
    /// The endings of other formats: their pictures shall be missed, and not overlooked.
    static let foreign: Set<String> = [
        "gif", "bmp", "dib", "tif", "tiff", "heic", "heif", "avif", "jp2", "jxl", "ppm", "pgm", "pnm",
    ]

    /// Whether a file counts as a picture, by the ending of its name. Its contents decide its format.
    static func isPicture(_ name: some RandomAccessCollection<UInt8>) -> Bool {
        let ending = name.suffix(name.count - keyEnd(of: name)).dropFirst()
        guard (3...4).contains(ending.count) else { return false }
        // Compares the most common ending without making a text of it.
        if ending.count == 3, ending.elementsEqual("jpg".utf8) { return true }
        let text = String(decoding: ending, as: UTF8.self).lowercased()
        return decoded.contains(text) || foreign.contains(text)
    }
}
