import Pickles

/// A file that `torch.save` wrote before PyTorch 1.6, as many published weights still are: a sequence of pickles (a
/// magic number, a version, the system, the state_dict, the storages' names), then the storages, each after its number
/// of elements. (PyTorch, torch/serialization.py, `_legacy_save`.)
struct LegacyTorchFile: ~Copyable {
    let path: String
    let tensors: [TorchTensor]
    /// All storages, including those of other entries, in the order of the file.
    let storages: [TorchStorage]
    private let file: InputFile
    /// The bytes that were read with the pickles and come after them.
    private var rest: ArraySlice<UInt8>

    /// The pickles of the number 0x1950a86a20f9469cfc6c and of the version 1001.
    static let magic: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E, 0x80, 0x02, 0x4D,
        0xE9, 0x03, 0x2E,
    ]

    /// The most bytes of all pickles, which name tensors but have none of their numbers.
    private static let longestPickles = 1 << 26

    /// - Parameter file: a file whose `magic` has been read.
    init(path: String, after file: consuming InputFile) throws(CheckpointError) {
        let bytes = try file.bytes(upTo: Self.longestPickles)
        var rest = bytes[...]
        var read: (tensors: [TorchTensor], storages: [TorchStorage]) = ([], [])
        try TorchFile.readingPickle(path) { () throws(PickleError) in
            let system = try PickleReader.next(in: &rest, TorchPickle.dialect)
            guard system["little_endian"] == .boolean(true) else {
                throw PickleError(reason: "its numbers are not little-endian")
            }
            var outside: [PickleValue] = []
            read.tensors = try TorchPickle.tensors(
                of: PickleReader.next(in: &rest, TorchPickle.dialect, outside: &outside))
            let known = Dictionary(outside.compactMap { TorchStorage($0) }.map { ($0.key, $0) }) { first, _ in first }
            guard let keys = try PickleReader.next(in: &rest, TorchPickle.dialect).names else {
                throw PickleError(reason: "it does not list its storages")
            }
            for key in keys {
                guard let storage = known[key] else {
                    throw PickleError(reason: "its storage \(key) is not described")
                }
                read.storages.append(storage)
            }
        }
        (tensors, storages) = read
        self.path = path
        self.file = file
        self.rest = rest
    }

    /// Returns the bytes of the next storage; skips them and returns none where it is not wanted.
    mutating func next(_ storage: TorchStorage, isWanted: Bool) throws(CheckpointError) -> [UInt8] {
        let (key, count) = (storage.key, storage.count)
        let found = UInt64(littleEndianBytes: try take(8, of: key, keeps: true))
        guard found == UInt64(count) else {
            throw .damaged(path: path, reason: "its storage \(key) has \(found) numbers in place of \(count)")
        }
        return try take(storage.bytes, of: key, keeps: isWanted)
    }

    private mutating func take(_ count: Int, of key: String, keeps: Bool) throws(CheckpointError) -> [UInt8] {
        guard count <= file.size else {
            throw .damaged(path: path, reason: "its storage \(key) is larger than the file")
        }
        var bytes: [UInt8] = []
        if keeps { bytes.reserveCapacity(count) }
        var left = count
        while left > 0 {
            let next = rest.isEmpty ? try file.read(min(left, 1 << 20))[...] : rest.prefix(left)
            guard !next.isEmpty else {
                throw .damaged(path: path, reason: "it ends in the storage \(key), \(left) bytes too early")
            }
            if !rest.isEmpty { rest = rest.dropFirst(next.count) }
            if keeps { bytes += next }
            left -= next.count
        }
        return bytes
    }
}

extension InputFile {
    /// Returns the next bytes: `count`, or the rest of the file where that is less.
    func bytes(upTo count: Int) throws(CheckpointError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try read(min(count - bytes.count, 1 << 20))
            if more.isEmpty { break }
            bytes += more
        }
        return bytes
    }
}
