import Foundation

@testable import Checkpoints

/// A folder that is removed at the end of its test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "checkpoints-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Names of all files, hidden ones too, in order.
    var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// Returns a small checkpoint whose numbers depend on `step`, with unusual contents: a scalar, an empty tensor,
/// infinity.
func example(step: Int = 704, epoch: Int = 3) -> Checkpoint {
    let weight: [Float] = [1, -0.0, .infinity, .leastNonzeroMagnitude, Float(step), 1 / 3]
    return Checkpoint(
        tensors: [
            NamedTensor(name: "norm.weight", shape: [2], storage: .float32([0.5, -2])),
            NamedTensor(name: "norm.num_batches_tracked", shape: [], storage: .int64([Int64(step)])),
            NamedTensor(name: "fc.weight", shape: [2, 3], storage: .float32(weight)),
            NamedTensor(name: "empty", shape: [0, 4], storage: .float32([])),
        ],
        optimizer: [
            NamedTensor(
                name: Checkpoint.optimizerName("momentum", of: "fc.weight"), shape: [2, 3],
                storage: .float32([1, 2, 3, 4, 5, 6]))
        ],
        about: Checkpoint.About(
            model: "lenet", modelOptions: ["activation": "tanh", "\"": "1,2"], classes: 10, imageSize: 28,
            inputChannels: 1, classNames: ["T-shirt/top", "\"é\"\n\\ 🙂"],
            recipe: "model: lenet\nlr: 0.1\n", seed: .max,
            progress: Checkpoint.Progress(epoch: epoch, stepInEpoch: 4, globalStep: step, samples: 64 * step)))
}

extension Checkpoint {
    /// The bytes of its file.
    var file: [UInt8] {
        get throws {
            var bytes: [UInt8] = []
            _ = try draft.encode(Compression()) { (run) throws(CheckpointError) in bytes += run.bytes }
            return bytes
        }
    }

    /// Reads a file's bytes, at most `run` at a time.
    init(file bytes: [UInt8], run: Int = .max) throws(CheckpointError) {
        var rest = bytes[...]
        try self.init(path: "a.safetensors.zst", fileBytes: bytes.count) { (count) throws(CheckpointError) in
            defer { rest = rest.dropFirst(min(count, run)) }
            return Array(rest.prefix(min(count, run)))
        }
    }
}

extension RawSpan {
    var bytes: [UInt8] { byteOffsets.map { unsafeLoad(fromByteOffset: $0, as: UInt8.self) } }
}

/// Returns a safetensors file of this header, with `bytes` zeros as its tensors.
func safetensors(_ header: String, bytes: Int = 0) -> [UInt8] {
    UInt64(header.utf8.count).littleEndianBytes + Array(header.utf8) + [UInt8](repeating: 0, count: bytes)
}

/// Returns `bytes` compressed by zstd.
func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
    var result: [UInt8] = []
    var frame = ZstdCompressor(size: bytes.count)
    let sink: ByteSink = { (run) throws(CheckpointError) in result += run.bytes }
    try frame.compress(bytes.span.bytes, to: sink)
    try frame.finish(to: sink)
    return result
}
