import ArgumentParser
import Collectives
import Engine
import Files
import Graphs
import Recipes
import Terminal
import Training

/// `cnn-train bench`: how fast training steps are here.
struct BenchCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures training steps, sums over ranks included, on synthetic images.",
        discussion: """
            With --data it also measures how fast images are read and transformed, alone and beside steps on them, and \
            says which of the two limits training.
            """)

    @Option(required: \.model) var model: String
    @Option(\.modelOptions) var modelOptions: [KeyAndValue<String>] = []
    @Option(\.batchSize) var batchSize = Recipe.Default.batchSize
    @Option(\.imageSize, default: "the model's") var imageSize: Int?
    @Option(\.threads) var threads: Int?
    @Option(help: "Steps that count.") var steps = 10
    @Option(\.data, default: "none are read", transform: userDataset) var data: String?
    @OptionGroup(title: "How images are read") var loading: LoadingOptions
    @Option(\.batchNorm) var batchNorm = Recipe.Default.batchNorm
    @Option(\.allReduce) var allReduce = Recipe.Default.allReduce
    @Option(\.gradientType) var gradientType = Recipe.Default.gradientType
    @Option(\.bucketMegabytes) var bucketMegabytes = Recipe.Default.bucketMegabytes
    @Option(\.instructionSet) var instructionSet = Recipe.Default.instructionSet
    @Option(\.convolution) var convolution = Recipe.Default.convolution
    @Option(
        name: .customLong("without-pass"),
        help: "Leaves out one rewrite of the graph; may be repeated. No result depends on it.")
    var withoutPasses: [GraphPass] = []
    @Flag(help: "Prints one JSON object.") var json = false
    @Flag(help: "Also prints where the time of a step goes on rank 0: by kind of operation and by layer.")
    var profile = false
    @Option(
        help: ArgumentHelp(
            "Writes a Chrome trace of all timed steps of all ranks, for chrome://tracing or ui.perfetto.dev.",
            valueName: "file"),
        transform: userPath)
    var trace: String?

    /// Steps that may be measured: each is kept.
    static let stepRange = 1...100_000

    func validate() throws {
        try checkRanges { values in
            values.batchSize = batchSize
            values.imageSize = imageSize
            values.threads = threads
            values.bucketMegabytes = bucketMegabytes
            loading.write(to: &values)
        }
        try checkRanges([("--steps", steps, Self.stepRange)])
    }

    func run(in world: any Communicator) throws {
        // An unwritable path is noticed before the measurements.
        let traceFile = try trace.flatMap { path in
            try together(world) { world.rank == 0 ? try TraceFile(path: path) : nil }
        }
        var communication = Communication()
        communication.batchNorm = batchNorm
        communication.allReduce = allReduce
        communication.gradientType = gradientType
        communication.bucketMegabytes = bucketMegabytes
        let images = try data.map { data in
            try together(world) {
                var values = RecipeOverrides()
                values.model = model
                values.data = data
                loading.write(to: &values)
                return try Recipe.resolve(flags: values)
            }
        }
        let result = try showingOpening(on: sharedBar(in: world)) {
            try showingProgress("measuring", unit: "steps") { progress in
                try Benchmark(
                    model: ModelChoice(model, options: modelOptions.byKey()), batchSize: batchSize,
                    imageSize: imageSize, threads: threads, steps: steps, instructionSet: instructionSet,
                    convolution: convolution, passes: Set(GraphPass.allCases).subtracting(withoutPasses),
                    communication: communication, records: trace != nil, profiles: profile, images: images,
                    progress: progress, world: world)
            }
        }
        if let text = try result.recording?.trace(in: world) { try traceFile?.write(text) }
        guard world.rank == 0 else { return }
        if json {
            print(try result.json())
            return
        }
        print(text(result))
        if let profile = result.profile { print("\n" + ProfileText(profile, backend: result.backend).text) }
    }

    private func milliseconds(_ seconds: Double) -> String { Wording.significant(seconds * 1e3) }

    private func text(_ result: Benchmark) -> String {
        let rows = [
            ("model", "\(result.model), batch \(result.batchSize), \(result.imageSize)x\(result.imageSize)"),
            (
                "machine",
                "\(Wording.count(result.ranks, "rank")), \(Wording.count(result.threads, "thread")) each, "
                    + result.backend.rawValue + (result.openBLASCore.map { " with kernels for \($0)" } ?? "")
            ),
            (
                "speed",
                "\(Wording.significant(result.medianImagesPerSecond)) img/s median, "
                    + "\(Wording.significant(result.bestImagesPerSecond)) best"
            ),
            (
                "work",
                "\(Wording.significant(result.gflopsPerSecond)) of \(Wording.significant(result.peakGflopsPerSecond)) "
                    + "GFLOP/s, \(Wording.fixed(result.fractionOfPeak * 100, 1))% of the measured peak"
            ),
            (
                "sums",
                "\(milliseconds(result.communication.total)) ms of communication a step on rank 0, "
                    + "\(milliseconds(result.communication.exposed)) of them exposed; "
                    + "\(milliseconds(result.communication.compute)) ms of computing"
            ),
            ("first step", "\(Wording.significant(result.firstStepSeconds)) s, planning included"),
            ("memory", "\(Wording.bytes(result.peakRSSBytes)) at most on rank 0"),
        ]
        return (rows + imageRows(result.images)).map { $0.0.column(12, isLeading: true) + $0.1 }.joined(separator: "\n")
    }

    /// Returns the speed of loading images, as rows of a table.
    private func imageRows(_ images: ImageSupply?) -> [(String, String)] {
        guard let images else { return [] }
        let share = Wording.fixed(images.shareWaited * 100, 1) + "%"
        let kept = Wording.fixed(images.togetherImagesPerSecond / images.stepImagesPerSecond * 100, 1) + "%"
        let verdict =
            switch images.limit {
            case .steps: "steps limit training: images come as fast as they are taken"
            case .images: "images limit training: steps wait for them \(share) of the time"
            case .cores:
                "the cores limit training: what reads images takes them from what computes, and steps reach \(kept)"
            }
        func speed(_ number: Double) -> String { "\(Wording.significant(number)) img/s" }
        return [
            (
                "data",
                "\(speed(images.dataImagesPerSecond)) read and transformed from \(images.data), on "
                    + "\(Wording.count(images.threads, "thread")) of each rank"
            ),
            ("step", "\(speed(images.stepImagesPerSecond)) computed on synthetic images of the same shape"),
            ("together", speed(images.togetherImagesPerSecond)),
            ("", verdict),
        ]
    }
}
