import ArgumentParser
import Engine
import Foundation
import Graphs
import KernelInterface
import Kernels
import Runs
import Tensors
import Terminal
import Training

/// `kernel-benchmark`: every kernel on the shapes that it meets in the zoo, beside what the machine could do.
@main
struct KernelBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernel-benchmark",
        abstract: "Measures every convolution and linear layer of some models, and the largest of their other layers.",
        discussion: """
            Each layer trains in a network of its own. ms: the median of the timed steps. GFLOP/s: 2 a multiply-add, taps on \
            padding counted. GB/s: each tensor that must be read or written, once. of its roofline: the time that the measured \
            peak and bandwidth allow at best, by the time taken; above 1 where data stays in caches.
            """)

    @Option(help: ArgumentHelp("Models whose layers are measured.", valueName: "name,name…"))
    var models = "resnet18,resnet50,vgg16,alexnet,googlenet,googlenet_lrn,densenet121,mobilenet_v2,lenet"
    @Option(help: "Measures only layers whose line contains this, such as 3x3/2 or 'pooling' or '56x56x64'.")
    var filter: String?
    @Option(help: "Samples of a step.") var batchSize = 32
    @Option(help: "Steps that count.") var steps = 5
    @Option(help: "Threads that compute.") var threads: Int?
    @Option(
        help: "What computes: avx512, avx2 or openblas.",
        transform: { name in
            guard let backend = Backend(rawValue: name), backend.isSupported else {
                throw ValidationError(
                    "'\(name)' is not one of \(Backend.supported.map(\.rawValue).joined(separator: ", "))")
            }
            return backend
        })
    var isa: Backend?
    @Flag(help: "Prints one JSON object a line.") var json = false

    func validate() throws {
        for (name, value) in [("--batch-size", batchSize), ("--steps", steps), ("--threads", threads ?? 1)] {
            if value < 1 { throw ValidationError("\(name) is \(value); expected at least 1") }
        }
    }

    func run() throws {
        let subjects = try Subject.all(of: models.split(separator: ",").map(String.init))
        let largest = subjects.map(\.weights).max()
        let bench = try Bench(
            backend: isa ?? Backend.supported[0], threads: threads, batchSize: batchSize, steps: steps)
        var measurements: [Measurement] = []
        for (number, subject) in subjects.enumerated() where matches(subject) {
            FileHandle.standardError.write(Data("\r\(number + 1) of \(subjects.count) layers \u{1B}[K".utf8))
            measurements += try bench.measure(subject, isUpdateTimed: subject.weights == largest)
        }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
        if json {
            for measurement in measurements { print(measurement.json(bench)) }
        } else {
            print(bench.introduction)
            print(Wording.table([Measurement.head] + measurements.map(\.cells), leading: 4, endsInWords: true))
            if filter == nil { print(bench.untouched(by: measurements)) }
        }
    }

    private func matches(_ subject: Subject) -> Bool {
        filter.map { "\(subject.name) \(subject.input) \(subject.output) \(subject.models)".contains($0) } ?? true
    }
}

// MARK: - Words

extension Bench {
    fileprivate var introduction: String {
        """
        batch \(batchSize), \(Wording.count(threads, "thread")), \(backend.rawValue): \
        \(Wording.significant(peak / 1e9)) GFLOP/s and \(Wording.significant(bandwidth / 1e9)) GB/s at most

        """
    }

    /// Says which rows of the kernel table no layer of these models calls.
    fileprivate func untouched(by measurements: [Measurement]) -> String {
        let called = Set(measurements.flatMap(\.kernels))
        let rest = backend.instructionSet.kernels.names.filter { !called.contains($0) }
        return "\nKernels that none of these layers calls: \(rest.isEmpty ? "none" : rest.joined(separator: ", "))"
    }
}

extension Measurement {
    fileprivate static let head = [
        "operation", "pass", "input", "output", "ms", "GFLOP/s", "GB/s", "of its roofline", "done by",
    ]

    private var name: String { pass == .update ? "optimizer" : subject.name }

    fileprivate var cells: [String] {
        let isProduct = subject.weights > 0 && pass != .update
        return [
            name, pass.rawValue, "\(subject.input)", "\(subject.output)", Wording.fixed(seconds * 1e3, 4),
            isProduct ? Wording.fixed(gflopsPerSecond, 1) : "", Wording.fixed(gigabytesPerSecond, 1),
            Wording.fixed(fractionOfRoofline, 2), kernels.joined(separator: ", "),
        ]
    }

    fileprivate func json(_ bench: Bench) -> String {
        var object = JSONLine()
        object.add("operation", name)
        object.add("pass", pass.rawValue)
        object.add("input", "\(subject.input)")
        object.add("output", "\(subject.output)")
        object.add("models", subject.models.joined(separator: ","))
        object.add("kernels", kernels.joined(separator: ","))
        object.add("isa", bench.backend.rawValue)
        object.add("threads", bench.threads)
        object.add("batch_size", bench.batchSize)
        object.add("milliseconds", seconds * 1e3)
        object.add("gflops_per_second", gflopsPerSecond)
        object.add("gb_per_second", gigabytesPerSecond)
        object.add("fraction_of_roofline", fractionOfRoofline)
        return object.text
    }
}
