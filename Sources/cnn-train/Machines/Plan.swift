import ArgumentParser
import Collectives
import Files
import Foundation
import Planning
import Recipes
import Training

/// `cnn-train plan`: a forecast of training on more machines.
struct PlanCommand: RankedCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Simulates training on many machines from what steps take on this one.",
        discussion: """
            Measures steps here (under mpirun or --workers with as many ranks as a machine is to have, for the truest \
            numbers), or reads what `bench --json` has measured elsewhere.
            """)

    @Option(\.model, default: "the one that was measured") var model: String?
    @Option(\.modelOptions) var modelOptions: [KeyAndValue<String>] = []
    @Option(help: ArgumentHelp("Numbers of machines.", valueName: "8,64,1024")) var nodes = Numbers([8, 64, 1024])
    @Option(help: "Ranks on each machine; as many as were measured.") var ranksPerNode: Int?
    @Option(
        help: ArgumentHelp(
            """
            10gbe, 100gbe, ib-hdr, latency and bandwidth as in 30us,1.15GB/s, \
            or measured: between the two hosts that it runs on.
            """,
            valueName: "network"))
    var network = NetworkName(name: "10gbe", link: Link("10gbe"))
    @Option(\.allReduce, default: "whichever is faster") var algorithm: Algorithm?
    @Option(\.bucketMegabytes, default: "whatever is fastest") var bucketMegabytes: Int?
    @Option(help: "Samples of a step on each rank; as many as were measured, which is 32 where it is done now.")
    var batchSize: Int?
    @Option(
        help: ArgumentHelp("What `bench --json` printed, in place of measuring.", valueName: "file"),
        transform: userPath)
    var measured: String?
    @Option(\.imageSize, default: "the model's") var imageSize: Int?
    @Option(\.threads) var threads: Int?
    @Option(help: "Steps that are measured.") var steps = 10
    @Flag(help: "Prints one JSON object.") var json = false

    func validate() throws {
        try checkRanges { values in
            values.batchSize = batchSize
            values.imageSize = imageSize
            values.threads = threads
            values.bucketMegabytes = bucketMegabytes
        }
        try checkRanges([
            ("--ranks-per-node", ranksPerNode, StepMeasurement.rankRange),
            ("--steps", steps, BenchCommand.stepRange),
        ])
        if (model == nil) == (measured == nil) {
            throw ValidationError(
                "say which network with --model, or give measurements with --measured: one of the two")
        }
    }

    func run(in world: any Communicator) throws {
        let measurement = try measurement(in: world)
        let link = try network.link ?? measureLink(in: world)
        let isLocal = network.link == nil && world.localSize == world.size
        guard world.rank == 0 else { return }
        let ranks = ranksPerNode ?? measurement.localRanks
        let rows = nodes.values.flatMap { nodes in
            [true, false].map { sharesMoments in
                Forecast(
                    measurement, samples: batchSize,
                    cluster: Cluster(
                        nodes: nodes, ranksPerNode: ranks, network: link, sharedMemory: isLocal ? link : .sharedMemory),
                    sharesMoments: sharesMoments, algorithms: algorithm.map { [$0] } ?? Algorithm.allCases,
                    bucketMegabytes: bucketMegabytes.map { [$0] } ?? Forecast.bucketMegabytes)
            }
        }
        let isNormed = measurement.events.contains { $0.moments != nil }
        let told = isNormed ? rows : rows.filter(\.choice.sharesMoments)
        print(
            json ? try PlanText.json(told, measurement, network.name) : PlanText.table(told, measurement, network.name))
    }

    private func measurement(in world: any Communicator) throws -> StepMeasurement {
        if let measured {
            return try together(world) { try StepMeasurement(contentsOf: measured) }
        }
        let samples = (batchSize ?? 32) * world.size
        return try Benchmark(
            model: ModelChoice(model ?? "", options: modelOptions.byKey()), batchSize: samples, imageSize: imageSize,
            threads: threads, steps: steps, instructionSet: .auto, world: world
        ).measurement
    }
}

/// `8,64,1024`
struct Numbers: ExpressibleByArgument {
    let values: [Int]

    init(_ values: [Int]) { self.values = values }

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard (1...100).contains(numbers.count), numbers.allSatisfy({ (1...1_000_000).contains($0) }) else {
            return nil
        }
        values = numbers
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
}

/// A network between machines, as the user names it.
struct NetworkName {
    let name: String
    /// The link; nil where it is to be measured.
    let link: Link?
}

extension NetworkName: ExpressibleByArgument {
    init?(argument: String) {
        let link = Link(argument)
        guard link != nil || argument == "measured" else { return nil }
        self.init(name: argument, link: link)
    }

    var defaultValueDescription: String { name }
}

extension Algorithm: ExpressibleByArgument {}

extension StepMeasurement {
    /// Reads the measurement from a file with a line of `bench --json`.
    init(contentsOf path: String) throws {
        struct Line: Decodable { let measurement: StepMeasurement }
        do {
            self = try JSONDecoder().decode(Line.self, from: Data(readFile(path, limit: 1 << 28))).measurement
        } catch let error as FileError {
            throw UsageError("\(error); give --measured a file with the line that `cnn-train bench --json` prints")
        } catch {
            throw UsageError(
                "\(path) holds no measurement: give --measured a file with the line that "
                    + "`cnn-train bench --json` prints"
            )
        }
        do {
            try check()
        } catch {
            throw UsageError("\(path): \(error). Give --measured a line that `cnn-train bench --json` prints, as it is")
        }
    }
}
