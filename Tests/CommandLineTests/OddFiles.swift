import Checkpoints
import Foundation
import Testing

/// A folder with files of every kind, good and odd, for command lines to be let loose on.
struct OddFiles {
    /// Shell words for what lies there, and for what does not.
    static let paths = [
        "missing", "missing/file", "folder", ".", "/", "empty", "one-byte", "truncated.zst", "flipped.zst", "text.txt",
        "nulls", "null", "zero", "full", "fifo", "unreadable", "loop", "dangling", "$'caf\\351.zst'", "$'new\\nline'",
        "'with space'",
        "/dev/stdin", "/proc/self/mem", "/proc/self/fd/99", "'~'", "'~nobody/x'", "'$HOME'", "''",
        "$(printf 'x%.0s' $(seq 300))", "$(printf 'd/%.0s' $(seq 3000))", "picture.png", "recipe.yaml", "odd.yaml",
        "weights.safetensors",
        "huge-header.safetensors", "huge-tensor.safetensors", "run", "data",
    ]

    /// Those of them that a command may write over: all but what lies outside of the folder.
    static let outputs = paths.filter { !["/", "/proc/self/mem"].contains($0) }

    /// Makes the files in `folder`, beside data in `data` and a run in `run`.
    ///
    /// - Parameter checkpoint: of LeNet.
    static func fill(_ folder: String, checkpoint path: String) throws {
        let files = FileManager.default
        let checkpoint = try Data(contentsOf: URL(filePath: path))
        func write(_ bytes: Data, _ name: String) throws { try bytes.write(to: URL(filePath: folder + "/" + name)) }
        func write(_ text: String, _ name: String) throws { try write(Data(text.utf8), name) }
        try files.createDirectory(atPath: folder + "/folder", withIntermediateDirectories: true)
        try write(Data(), "empty")
        try write(Data([0x28]), "one-byte")
        try write(checkpoint.prefix(checkpoint.count / 2), "truncated.zst")
        var flipped = checkpoint
        flipped[flipped.count / 2] ^= 16
        try write(flipped, "flipped.zst")
        try write(Data(repeating: 0, count: 100_000), "nulls")
        try write("not what you think\n", "text.txt")
        try write("a b", "with space")
        try write(
            Self.safetensors(header: String(repeating: " ", count: 64), claiming: 99_999_999), "huge-header.safetensors"
        )
        try write(
            Self.safetensors(
                header: #"{"0.weight":{"dtype":"F32","shape":[1000000000,1000],"data_offsets":[0,4000000000000]}}"#,
                claiming: nil),
            "huge-tensor.safetensors")
        try Checkpoint(contentsOf: path).exportWeights(to: folder + "/weights.safetensors")
        try Checkpoint(
            tensors: [
                NamedTensor(
                    name: "input", shape: [1, 1, 28, 28], storage: .float32([Float](repeating: .nan, count: 784)))
            ],
            optimizer: [], metadata: [:]
        ).exportWeights(to: folder + "/input.safetensors")
        let weights = try Checkpoint(contentsOf: path).tensors
        try Checkpoint(tensors: Array(weights.prefix(3)), optimizer: [], metadata: [:])
            .exportWeights(to: folder + "/half.safetensors")
        try write(picture, "picture.png")
        try write(picture.prefix(picture.count / 2), "broken.png")
        try write("model: lenet\ndata: fashion-mnist:data\nsteps: 1\nbatch_size: 8\n", "recipe.yaml")
        try write(
            "model: [lenet, {a: !!binary x}]\nsteps: 1e9\nlr: .nan\nseed: -1\noutput: ~\nthreads: 0o17\n"
                + "freeze: {a: b}\n",
            "odd.yaml")
        try write(Data((0...255).map { UInt8($0) }), "binary.yaml")
        try write(String(repeating: "[", count: 5000), "deep.yaml")
        try write("include: [recipe.yaml, circle.yaml]\n", "circle.yaml")
        let aliases = (1...30).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }
        try write("a0: &a0 x\n" + aliases.joined() + "*a30 : 1\n", "bomb.yaml")
        try write(#"{"model":"lenet","step_seconds":1e-320,"ranks":0,"parameters":-1}"#, "measured.json")
        try write(#"{"model":9223372036854775808,"ranks":1e999}"#, "odd.json")
        try write("a slots=4\r\nb slots=99999999999999999999\n# c\n\u{0}\n", "hosts")
        try shell(
            """
            mkfifo fifo; ln -s loop loop; ln -s nowhere dangling; printf x >unreadable; chmod 0 unreadable
            cp '\(path)' $'caf\\351.zst'; cp text.txt $'new\\nline'
            mknod null c 1 3 2>/dev/null || ln -s /dev/null null
            mknod zero c 1 5 2>/dev/null || ln -s /dev/zero zero
            mknod full c 1 7 2>/dev/null || ln -s /dev/full full
            """, in: folder)
    }

    private static func shell(_ script: String, in folder: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["bash", "-c", script]
        process.currentDirectoryURL = URL(filePath: folder)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private static func safetensors(header: String, claiming length: Int?) -> Data {
        Data((0..<8).map { UInt8(truncatingIfNeeded: (length ?? header.utf8.count) >> (8 * $0)) }) + Data(header.utf8)
    }

    /// A grey PNG of one pixel.
    private static let picture =
        Data(
            base64Encoded:
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNgAAAAAgABc3UBGAAAAABJRU5ErkJggg==")
        ?? Data()
}
