import Files
import Pickles

/// A file of weights as `torch.save` writes it. Nothing in it is executed.
enum TorchFile {
    /// Reads a file; its tensors are in the order of the state_dict.
    ///
    /// - Parameter choose: returns which of the listed tensors to read; nil for all of supported types.
    /// - Returns: nil where the path has no file, or one that does not begin as PyTorch's do.
    static func contents(
        of path: String, choosing choose: Safetensors.Choice?
    ) throws(CheckpointError) -> Safetensors.Contents? {
        guard let status = fileStatus(path), FileType(status) == .regular else { return nil }
        let file = try InputFile(path: path, in: SystemFiles())
        let head = try file.bytes(upTo: LegacyTorchFile.magic.count)
        if head.starts(with: zipMagic) { return try contents(ofArchive: path, choose) }
        guard head == LegacyTorchFile.magic else { return nil }
        return try contents(ofLegacy: try LegacyTorchFile(path: path, after: file), choose)
    }

    private static let zipMagic: [UInt8] = [0x50, 0x4B, 0x03, 0x04]

    private static func contents(
        ofArchive path: String, _ choose: Safetensors.Choice?
    ) throws(CheckpointError) -> Safetensors.Contents {
        let archive = try TorchArchive(path: path)
        if archive.has("byteorder"), try archive.text("byteorder") != "little" {
            throw .notATorchFile(path: path, reason: "its numbers are not little-endian")
        }
        let bytes = try archive.pickle()
        let tensors = try readingPickle(path) { () throws(PickleError) in
            try TorchPickle.tensors(of: PickleReader.value(of: bytes, TorchPickle.dialect))
        }
        var reading = try TorchReading(tensors, path: path, choosing: choose)
        for storage in reading.storages {
            reading.take(try archive.storage(storage.key, count: storage.bytes), of: storage)
        }
        return reading.contents
    }

    private static func contents(
        ofLegacy file: consuming LegacyTorchFile, _ choose: Safetensors.Choice?
    ) throws(CheckpointError) -> Safetensors.Contents {
        var reading = try TorchReading(file.tensors, path: file.path, choosing: choose)
        let wanted = Dictionary(reading.storages.map { ($0.key, $0) }) { first, _ in first }
        for storage in file.storages {
            let bytes = try file.next(storage, isWanted: wanted[storage.key] != nil)
            if let storage = wanted[storage.key] { reading.take(bytes, of: storage) }
        }
        return reading.contents
    }

    static func readingPickle<Result>(
        _ path: String, _ body: () throws(PickleError) -> Result
    ) throws(CheckpointError) -> Result {
        do throws(PickleError) {
            return try body()
        } catch {
            throw .notATorchFile(path: path, reason: error.reason)
        }
    }
}

/// The tensors of a PyTorch file, while its storages are read one after the other.
private struct TorchReading {
    /// A storage with numbers of wanted tensors.
    struct Storage {
        let key: String
        let bytes: Int
        /// The indices of those tensors in the list.
        var tensors: [Int]
    }

    private let tensors: [TorchTensor]
    private(set) var storages: [Storage] = []
    private var numbers: [NamedTensor.Storage?]

    /// - Throws: `memory`, or `notATorchFile` where two tensors disagree about a storage.
    init(_ tensors: [TorchTensor], path: String, choosing choose: Safetensors.Choice?) throws(CheckpointError) {
        self.tensors = tensors
        numbers = [NamedTensor.Storage?](repeating: nil, count: tensors.count)
        let wanted = choose?(tensors.map(\.listed))
        let read = tensors.indices.filter { (wanted?.contains($0) ?? true) && tensors[$0].listed.type.readAs != nil }
        var places: [String: Int] = [:]
        for index in tensors.indices {
            let storage = tensors[index].storage
            if let place = places[storage.key] {
                guard storages[place].bytes == storage.bytes else {
                    throw .notATorchFile(path: path, reason: "tensors see the storage \(storage.key) differently")
                }
            } else {
                places[storage.key] = storages.count
                storages.append(Storage(key: storage.key, bytes: storage.bytes, tensors: []))
            }
        }
        for index in read { places[tensors[index].storage.key].map { storages[$0].tensors.append(index) } }
        storages.removeAll { $0.tensors.isEmpty }
        try Safetensors.requireMemory(for: read.map { tensors[$0].listed }, path)
    }

    /// Sets the numbers of all tensors of a storage.
    mutating func take(_ bytes: [UInt8], of storage: Storage) {
        for index in storage.tensors { numbers[index] = tensors[index].numbers(in: bytes) }
    }

    var contents: Safetensors.Contents {
        Safetensors.Contents(tensors.map(\.listed), numbers: numbers, metadata: [:])
    }
}

extension TorchTensor {
    /// Returns the tensor's numbers, row by row, out of its storage's bytes; nil where its type is not read.
    fileprivate func numbers(in bytes: [UInt8]) -> NamedTensor.Storage? {
        let inOrder = rowMajor(bytes)
        return NamedTensor.Storage(listed.type, count: count) { take in take(inOrder) }
    }

    /// Returns the tensor's bytes in row-major order.
    private func rowMajor(_ bytes: [UInt8]) -> [UInt8] {
        let width = listed.type.bits / 8
        var dense = 1
        let isDense = zip(listed.shape, strides).reversed().allSatisfy { extent, stride in
            defer { dense *= extent }
            return extent == 1 || stride == dense
        }
        if count == 0 { return [] }
        if isDense { return Array(bytes[offset * width..<(offset + count) * width]) }
        var inOrder: [UInt8] = []
        inOrder.reserveCapacity(count * width)
        var index = [Int](repeating: 0, count: strides.count)
        for _ in 0..<count {
            let place = zip(index, strides).reduce(offset) { $0 + $1.0 * $1.1 } * width
            inOrder += bytes[place..<place + width]
            var dimension = index.count - 1
            while dimension >= 0 {
                index[dimension] += 1
                if index[dimension] < listed.shape[dimension] { break }
                index[dimension] = 0
                dimension -= 1
            }
        }
        return inOrder
    }
}
