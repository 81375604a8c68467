import Graphs
import Kernels
import Tensors
import TestSupport

extension KernelCase {
    /// Whether what the layer computes of integers is integers and fractions of few digits.
    var isExact: Bool {
        switch subject {
        case .convolution, .linear, .maxPool: true
        case .averagePool(let kernel, _, let padding, let ceilMode):
            kernel.nextPowerOfTwo == kernel && !(ceilMode && padding + kernel > 1)
        case .adaptiveAveragePool(let size):
            imageSize % size == 0 && (imageSize / size).nextPowerOfTwo == imageSize / size
        case .dropout(let percent): percent == 50
        case .sigmoid, .tanh, .gelu, .responseNormalization: false
        }
    }

    /// Whether gradients may be sums of F(4x4, 3x3), which multiplies by 1/15 and rounds.
    private var roundsGradients: Bool {
        if case .convolution(_, 3, 1, _, _, _) = subject { return usesWinograd }
        return false
    }

    /// Whether vectors may hold two pixels' outputs, of eight channels at most. The baseline's vectors of four lanes
    /// cannot, and no backend has it do so.
    private var mayBePaired: Bool {
        guard case .convolution(let outputs, let kernel, 1, _, let groups, _) = subject else { return false }
        return kernel > 1 && outputs / groups <= 8
    }

    static func pooled(_ size: Int, kernel: Int, stride: Int, padding: Int, ceilMode: Bool) -> Int {
        Reference.pooledExtent(size, kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
    }

    /// Computes the case with all instruction sets, on some threads and with some passes.
    ///
    /// - Parameter inEveryWay: whether each instruction set has no passes and all of them; else the first one has.
    /// - Throws: `FuzzFailure` where a result is not that of the references, or not the same bits as another.
    func check(_ counts: [KernelCount], inEveryWay: Bool = false) throws {
        let specimen = try specimen()
        var random = CaseRandom(seed: fill, number: 1)
        var first: FuzzTrace?
        for (index, count) in counts.enumerated() where !(mayBePaired && count.instructionSet == .baseline) {
            var setups = [
                FuzzSetup(
                    instructionSet: count.instructionSet, threads: index == 0 ? 1 : random.int(1...8),
                    passes: index == 0 || inEveryWay ? [] : FuzzSetup.somePasses(&random), guarded: .behind,
                    isSpread: true)
            ]
            if index == 0 || inEveryWay || random.chance(30) {
                setups.append(.rewritten(count.instructionSet, threads: random.int(1...8)))
                setups[1].guarded = .before
                setups[1].isSpread = random.chance(50)
            }
            for var setup in setups {
                setup.usesWinograd = usesWinograd
                let trace = try FuzzTrace(specimen, setup, count)
                if let difference = first.flatMap({ trace.difference(from: $0) }) {
                    throw FuzzFailure("\(setup) gives other bits than one thread without passes: \(difference)")
                }
                if first == nil {
                    try compare(trace, specimen)
                    first = trace
                }
            }
        }
    }

    /// Returns the bounds of the deviation from the references' results, which are Double. Of integers that is what
    /// Double itself errs by: a float of 24 digits, the least that can be wrong, is sixty times as much. Behind a batch
    /// norm numbers have fractions of up to 14 digits, and sums over a map have more digits than a float: they round as
    /// any others do.
    private func bounds(_ specimen: FuzzSpecimen) -> (forward: Double, backward: Double) {
        let tolerance = Tolerance(specimen.training, samples: samples)
        guard isExact && !hasNorm else { return (tolerance.forward, tolerance.backward) }
        let exact = 0x1p-30
        return (exact, roundsGradients ? tolerance.backward : exact)
    }

    private func compare(_ trace: FuzzTrace, _ specimen: FuzzSpecimen) throws {
        let (forward, backward) = bounds(specimen)
        func expect(_ name: String, _ exact: [Double], terms: [Double] = [], within bound: Double) throws {
            guard let found = trace[name] else { throw FuzzFailure("there is no \(name)") }
            guard found.count == exact.count else {
                throw FuzzFailure("\(name): \(found.count) numbers for \(exact.count)")
            }
            let deviation = Deviation(of: found, from: exact, terms: terms)
            if deviation.element > bound {
                let worst = found.indices.max {
                    abs(Double(found[$0]) - exact[$0]) < abs(Double(found[$1]) - exact[$1])
                }
                let place = worst.map { "[\($0)] is \(found[$0]), not \(exact[$0])" } ?? ""
                throw FuzzFailure("\(name)\(place): \(deviation), allowed \(bound)")
            }
        }
        let training = specimen.outcome(specimen.training)
        try expect("evaluated logits", specimen.outcome(specimen.evaluation).logits, within: forward)
        try expect("logits 0", training.logits, within: forward)
        try expect("loss 0", [training.loss * Double(samples)], within: 0x1p-22)
        // Losses are divided by a power of two in place of the samples.
        let share = Double(samples) / Double(specimen.lossDivisor)
        for (index, parameter) in specimen.training.parameters.enumerated() {
            switch parameter.role {
            case .runningMean, .runningVariance:
                try expect("\(parameter.name) 0", training.parameters[index], within: max(forward, 0x1p-20))
            case .batchesTracked: break
            default:
                guard parameter.isTrainable else { break }
                try expect(
                    "gradient of \(parameter.name) 0", training.gradients[index].map { $0 * share },
                    terms: training.termSums[index].map { $0 * share }, within: backward)
            }
        }
    }
}
