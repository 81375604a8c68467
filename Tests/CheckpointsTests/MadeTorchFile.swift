import CZip
import Foundation

/// A file in the format of `torch.save`, made piece by piece, so that each piece can be wrong.
struct MadeTorchFile {
    struct Tensor {
        var name: String
        var type = "FloatStorage"
        var shape: [Int]
        var strides: [Int]
        var offset = 0
        var storage: String
        /// The storage's bytes, and the count of numbers that the file gives for them.
        var bytes: [UInt8]
        var count: Int
    }

    var tensors: [Tensor] = []
    /// The key of the dictionary's entry with the state_dict; nil where the state_dict is not wrapped.
    var wrapper: String?
    /// Tensors of a second dictionary beside the state_dict, such as an optimizer's.
    var others: [Tensor] = []
    /// A tensor beside the state_dict in no dictionary of its own, such as the best accuracy.
    var single: Tensor?
    /// Instructions that replace the whole pickle.
    var pickle: [UInt8]?
    var byteOrder = "little"
    var folder = "archive"
    /// Files in the archive besides those of PyTorch.
    var more: [String: [UInt8]] = [:]
    var isCompressed = false

    /// Adds a tensor of float32 numbers, row by row.
    mutating func add(_ name: String, _ shape: [Int], _ values: [Float]) {
        add(name, shape, "FloatStorage", values.flatMap { bytes($0.bitPattern) }, count: values.count)
    }

    /// Adds a tensor of numbers of any type, row by row.
    mutating func add(_ name: String, _ shape: [Int], _ type: String, _ bytes: [UInt8], count: Int) {
        var strides: [Int] = []
        var dense = 1
        for extent in shape.reversed() {
            strides.insert(dense, at: 0)
            dense *= extent
        }
        tensors.append(
            Tensor(
                name: name, type: type, shape: shape, strides: strides, storage: "\(tensors.count)", bytes: bytes,
                count: count))
    }

    func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }

    private func text(_ text: String) -> [UInt8] { [0x58] + bytes(UInt32(text.utf8.count)) + Array(text.utf8) }

    private func integer(_ number: Int) -> [UInt8] { [0x4A] + bytes(Int32(truncatingIfNeeded: number)) }

    private func global(_ name: String) -> [UInt8] {
        let dot = name.lastIndex(of: ".") ?? name.startIndex
        return [0x63] + Array("\(name[..<dot])\n\(name[name.index(after: dot)...])\n".utf8)
    }

    private func tuple(_ parts: [[UInt8]]) -> [UInt8] { [0x28] + parts.joined() + [0x74] }

    private var orderedDictionary: [UInt8] { global("collections.OrderedDict") + [0x29, 0x52] }

    private func tensor(_ tensor: Tensor, isLegacy: Bool) -> [UInt8] {
        let storage = tuple(
            [
                text("storage"), global("torch.\(tensor.type)"), text(tensor.storage), text("cpu"),
                integer(tensor.count),
            ] + (isLegacy ? [[0x4E]] : []))
        return global("torch._utils._rebuild_tensor_v2")
            + tuple([
                storage + [0x51], integer(tensor.offset), tuple(tensor.shape.map { integer($0) }),
                tuple(tensor.strides.map { integer($0) }), [0x89], orderedDictionary,
            ]) + [0x52]
    }

    private func stateDictionary(isLegacy: Bool) -> [UInt8] {
        // The attribute _metadata, which all state_dicts have.
        let metadata = [0x7D] + text("_metadata") + orderedDictionary + [0x73, 0x62]
        let inner =
            orderedDictionary + [0x71, 0, 0x28] + tensors.flatMap { text($0.name) + tensor($0, isLegacy: isLegacy) }
            + [0x75] + metadata
        guard let wrapper else { return inner }
        var outer: [UInt8] = [0x7D, 0x28] + text("epoch") + integer(3)
        outer += text("lr") + [0x47] + [UInt8](repeating: 0, count: 8)
        for other in others {
            outer += text("optimizer") + [0x7D] + text(other.name)
            outer += tensor(other, isLegacy: isLegacy) + [0x73]
        }
        if let single { outer += text(single.name) + tensor(single, isLegacy: isLegacy) }
        return outer + text(wrapper) + inner + [0x75]
    }

    /// The pickle of the state_dict.
    var statePickle: [UInt8] { pickle ?? [0x80, 2] + stateDictionary(isLegacy: false) + [0x2E] }

    private var storages: [(key: String, bytes: [UInt8], count: Int)] {
        var keys = Set<String>()
        return (tensors + others + (single.map { [$0] } ?? [])).compactMap {
            keys.insert($0.storage).inserted ? ($0.storage, $0.bytes, $0.count) : nil
        }
    }

    /// Writes the zip archive of PyTorch 1.6 and later.
    func write(to path: String) throws {
        try? FileManager.default.removeItem(atPath: path)
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_CREATE, &code) else { throw Failure() }
        var files = [("data.pkl", statePickle), ("byteorder", Array(byteOrder.utf8))]
        files += storages.map { ("data/\($0.key)", $0.bytes) }
        for (name, bytes) in files.map({ ("\(folder)/\($0.0)", $0.1) }) + more.map({ ($0.key, $0.value) }) {
            let copy = UnsafeMutableRawPointer(malloc(max(bytes.count, 1)))
            bytes.withUnsafeBytes { if let from = $0.baseAddress { copy?.copyMemory(from: from, byteCount: $0.count) } }
            let source = zip_source_buffer(archive, copy, zip_uint64_t(bytes.count), 1)
            let number = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_OVERWRITE))
            guard number >= 0 else { throw Failure() }
            zip_set_file_compression(
                archive, zip_uint64_t(number), isCompressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0)
        }
        guard zip_close(archive) == 0 else { throw Failure() }
    }

    /// The file in the format of earlier versions.
    var legacy: [UInt8] {
        var file: [UInt8] = [
            0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E, 0x80, 2, 0x4D, 0xE9,
            3, 0x2E,
        ]
        file += [0x80, 2, 0x7D] + text("little_endian") + [byteOrder == "little" ? 0x88 : 0x89, 0x73, 0x2E]
        file += pickle ?? [0x80, 2] + stateDictionary(isLegacy: true) + [0x2E]
        file += [0x80, 2, 0x5D, 0x28] + storages.flatMap { text($0.key) } + [0x65, 0x2E]
        for storage in storages { file += bytes(UInt64(storage.count)) + storage.bytes }
        return file
    }

    struct Failure: Error {}
}
