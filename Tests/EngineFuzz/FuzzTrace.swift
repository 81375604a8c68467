import Engine
import Graphs
import Kernels
import Tensors

/// The numbers that an engine leaves while it evaluates once and trains for two steps, by what they are.
struct FuzzTrace {
    private(set) var tensors: [(name: String, values: [Float])] = []

    subscript(name: String) -> [Float]? { tensors.first { $0.name == name }?.values }

    /// On one rank.
    ///
    /// - Throws: `FuzzFailure` where memory has been touched that is nobody's, or what the engine throws.
    init(_ specimen: FuzzSpecimen, _ setup: FuzzSetup, _ count: KernelCount? = nil) throws {
        Pages.guarded = setup.guarded
        defer { Pages.guarded = .none }
        let all = Array(specimen.shardSizes.indices)
        let engine = try specimen.engine(setup, shards: all.count, count: count)
        let batch = specimen.batch(ofShards: all)
        engine.poison()
        _ = try engine.evaluate(batch)
        tensors.append(("evaluated logits", engine.logits()))
        for step in 0..<2 {
            engine.poison()
            let tally = try engine.train(
                batch, globalSamples: batch.count, step: step, sumOverRanks: nil,
                lossDivisor: Double(specimen.lossDivisor))
            guard engine.hasWholeGaps else { throw FuzzFailure("a step writes between tensors on \(setup)") }
            tensors.append(("logits \(step)", engine.logits()))
            tensors.append(("loss \(step)", [Float(tally.lossSum)]))
            append(specimen.training, engine, step: step)
        }
    }

    /// Gradients, and parameters and statistics after an update.
    mutating func append(_ graph: Graph, _ engine: Engine, step: Int) {
        let parameters = graph.parameters.enumerated().filter { $0.element.role != .batchesTracked }
        for (index, parameter) in parameters where parameter.isTrainable {
            tensors.append(("gradient of \(parameter.name) \(step)", engine.gradient(of: ParameterID(index: index))))
        }
        for (index, parameter) in parameters where !parameter.isTrainable {
            tensors.append(("\(parameter.name) \(step)", engine.values(of: ParameterID(index: index))))
        }
        engine.update(engine.configuration.optimizer, learningRate: 1e-3)
        for (index, parameter) in parameters where parameter.isTrainable {
            tensors.append(("\(parameter.name) \(step)", engine.values(of: ParameterID(index: index))))
        }
    }

    init() {}

    /// The first number of this that differs from `other`'s, of what both have; nil where there is none. One
    /// not-a-number is like another.
    func difference(from other: FuzzTrace) -> String? {
        for (name, values) in tensors {
            guard let others = other[name] else { continue }
            guard values.count == others.count else { return "\(name): \(values.count) numbers for \(others.count)" }
            for (index, (a, b)) in zip(values, others).enumerated()
            where a.bitPattern != b.bitPattern && !(a.isNaN && b.isNaN) {
                return "\(name)[\(index)]: \(a) and \(b)"
            }
        }
        return nil
    }
}

/// The way in which a case fails.
package struct FuzzFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
