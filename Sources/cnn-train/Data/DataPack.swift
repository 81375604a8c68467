import ArgumentParser
import Datasets
import Files
import Recipes
import Terminal
import Training

extension DataCommand {
    /// `cnn-train data pack`
    struct Pack: LocalCommand {
        static let configuration = CommandConfiguration(
            commandName: "pack",
            abstract: "Makes one folder of any dataset, from which images are read faster.",
            discussion: """
                Images keep their bytes, unless --size or --raw asks for others, and the same bits are trained from \
                them. Every image is decoded first: those that cannot be are left out and listed, and the exit code is \
                1 then. Tar files that are compressed by gzip or zstd can be packed too.
                """)

        @OptionGroup var choice: Choice
        @Argument(
            help: ArgumentHelp("The folder to make: nothing is there yet, or an empty one.", valueName: "out"),
            transform: userPath)
        var output: String
        @Option(
            help: ArgumentHelp(
                "Makes images smaller whose shorter side has more pixels, and encodes those anew as JPEG.",
                valueName: "pixels"))
        var size: Int?
        @Option(help: "The quality of JPEGs that are encoded anew, from 1 to 100. (default: 95)") var quality: Int?
        @Option(help: "What a file of images has at most, in MiB; one image that is larger has a file of its own.")
        var shardMegabytes = 256
        @Flag(help: "Stores pixels in place of files: many times as large, and nothing is left to decode.") var raw =
            false
        @Option(\.threads) var threads: Int?
        @Flag(help: "Prints one JSON object.") var json = false

        func validate() throws {
            try checkRanges { $0.threads = threads }
            try checkRanges([
                ("--size", size, PackedContent.sides), ("--quality", quality, PackedContent.qualities),
                ("--shard-megabytes", shardMegabytes, 1...1 << 20),
            ])
            if quality != nil && raw {
                throw ValidationError("--quality is that of JPEGs, and --raw stores none; leave one of them out")
            }
            if quality != nil && size == nil {
                throw ValidationError(
                    "--quality is that of JPEGs that are encoded anew, which --size asks for; give both")
            }
        }

        private var content: PackedContent {
            if raw { return .pixels(shorter: size) }
            return size.map { .smaller(shorter: $0, quality: quality ?? 95) } ?? .stored
        }

        func run() throws {
            let source = try choice.source(isReadInOrder: true)
            let packing = try showingProgress("packing", unit: "images") { progress in
                try DatasetPacking(
                    of: source, to: output, as: content, shardBytes: shardMegabytes << 20,
                    threads: threads ?? MachineCores.count, progress: progress)
            }
            let report = Report(packing, data: choice.data, output: output)
            print(json ? try JSONText(report).text : report.text)
            guard packing.bad.isEmpty else {
                throw FailureSum(
                    "\(Wording.grouped(packing.bad.count)) of \(Wording.count(packing.samples, "image")) cannot be "
                        + "decoded and were left out; \(output.visible) is whole without them. Where they matter, "
                        + "fetch them again and pack anew")
            }
        }
    }

    private struct Report: Encodable {
        let data: String
        let output: String
        let samples: Int
        let train: Int
        let test: Int
        let shards: Int
        let bytes: Int
        let damaged: [BadSample]

        init(_ packing: DatasetPacking, data: String, output: String) {
            (self.data, self.output) = (data, output)
            (samples, train, test) = (packing.samples, packing.train, packing.test)
            (shards, bytes) = (packing.shards, packing.bytes)
            damaged = packing.bad
        }

        var text: String {
            let lines = damaged.map { "\($0.split.rawValue)\t\($0.reason.visible)" }
            let images = "\(Wording.grouped(train)) images to train and \(Wording.grouped(test)) to test"
            let size = "\(Wording.bytes(bytes)) in \(Wording.count(shards, "shard"))"
            return (lines + ["\(output.visible): \(images), \(size)"]).joined(separator: "\n")
        }
    }
}
