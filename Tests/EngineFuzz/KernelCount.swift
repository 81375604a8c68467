import KernelInterface
package import Kernels
import Synchronization

/// The kernels of one instruction set that have run, by their names in `KernelTable`.
package final class KernelCount: Sendable {
    private final class Mark: Sendable { let isSet = Atomic(false) }

    package let instructionSet: InstructionSet
    private let marks: [String: Mark]

    package init(_ instructionSet: InstructionSet) {
        self.instructionSet = instructionSet
        // The sizes of the tile are no kernels.
        let fields = Mirror(reflecting: instructionSet.kernels).children.filter { !($0.value is Int) }
        marks = Dictionary(uniqueKeysWithValues: fields.compactMap(\.label).map { ($0, Mark()) })
    }

    package var count: Int { marks.count }

    /// The kernels that vectors of four lanes cannot have, so that no backend calls them.
    private static let notOfBaseline: Set = ["pairWeights", "convolvePairs", "pairedWeightGradient"]

    /// The names of those that have not run and should have.
    package var missing: [String] {
        marks.filter { name, mark in
            !mark.isSet.load(ordering: .relaxed)
                && !(instructionSet == .baseline && Self.notOfBaseline.contains(name))
        }.keys.sorted()
    }

    /// The same kernels, watched.
    func watched() -> KernelTable {
        var watch = Watch(table: instructionSet.kernels, count: self)
        watch.all()
        precondition(watch.names == Set(marks.keys), "not watched: \(Set(marks.keys).subtracting(watch.names))")
        return watch.table
    }

    fileprivate func mark(_ name: String) -> @Sendable () -> Void {
        guard let mark = marks[name] else { preconditionFailure("there is no kernel \(name)") }
        return { mark.isSet.store(true, ordering: .relaxed) }
    }
}

/// A table whose kernels are replaced one after the other.
private struct Watch {
    var table: KernelTable
    let count: KernelCount
    private(set) var names: Set<String> = []

    init(table: KernelTable, count: KernelCount) {
        self.table = table
        self.count = count
    }

    private mutating func watch<Arguments>(_ name: String, _ path: WritableKeyPath<KernelTable, Kernel<Arguments>>) {
        let (kernel, mark) = (table[keyPath: path], count.mark(name))
        table[keyPath: path] = { arguments, task, worker in
            mark()
            kernel(arguments, task, worker)
        }
        names.insert(name)
    }

    mutating func all() {
        products()
        norms()
        elementwise()
        updates()
        let (saturate, mark) = (table.saturate, count.mark("saturate"))
        table.saturate = { repetitions, memory in
            mark()
            return saturate(repetitions, memory)
        }
        names.insert("saturate")
    }

    private mutating func products() {
        watch("convolve", \.convolve)
        watch("weightGradient", \.weightGradient)
        watch("biasGradient", \.biasGradient)
        watch("transposeWeights", \.transposeWeights)
        watch("treeSum", \.treeSum)
        watch("convolveDepthwise", \.convolveDepthwise)
        watch("depthwiseWeightGradient", \.depthwiseWeightGradient)
        watch("convolveWinograd", \.convolveWinograd)
        watch("transformWeights", \.transformWeights)
        watch("winogradWeightGradient", \.winogradWeightGradient)
        watch("maskGroups", \.maskGroups)
        watch("pairWeights", \.pairWeights)
        watch("convolvePairs", \.convolvePairs)
        watch("pairedWeightGradient", \.pairedWeightGradient)
        watch("shearWeights", \.shearWeights)
        watch("convolveSheared", \.convolveSheared)
        watch("packOutputGradient", \.packOutputGradient)
        watch("linearDataGradient", \.linearDataGradient)
        watch("linearWeightGradient", \.linearWeightGradient)
    }

    private mutating func norms() {
        watch("moments", \.moments)
        watch("residualGradient", \.residualGradient)
        watch("runSums", \.runSums)
        watch("shardSums", \.shardSums)
        watch("shardTree", \.shardTree)
        watch("batchNormFinish", \.batchNormFinish)
        watch("batchNormFreeze", \.batchNormFreeze)
        watch("batchNormApply", \.batchNormApply)
        watch("batchNormGradientSums", \.batchNormGradientSums)
        watch("batchNormParameterGradient", \.batchNormParameterGradient)
        watch("batchNormGradientFinish", \.batchNormGradientFinish)
        watch("batchNormGradientApply", \.batchNormGradientApply)
        watch("batchNormGradientScale", \.batchNormGradientScale)
        watch("normShiftFinish", \.normShiftFinish)
        watch("normShift", \.normShift)
    }

    private mutating func elementwise() {
        watch("relu", \.relu)
        watch("reluGradient", \.reluGradient)
        watch("relu6", \.relu6)
        watch("relu6Gradient", \.relu6Gradient)
        watch("sigmoid", \.sigmoid)
        watch("sigmoidGradient", \.sigmoidGradient)
        watch("tanh", \.tanh)
        watch("tanhGradient", \.tanhGradient)
        watch("gelu", \.gelu)
        watch("geluGradient", \.geluGradient)
        watch("scale", \.scale)
        watch("add", \.add)
        watch("copy", \.copy)
        watch("dropout", \.dropout)
        watch("maxPool", \.maxPool)
        watch("maxPoolGradient", \.maxPoolGradient)
        watch("averagePool", \.averagePool)
        watch("averagePoolGradient", \.averagePoolGradient)
        watch("adaptiveAveragePool", \.adaptiveAveragePool)
        watch("adaptiveAveragePoolGradient", \.adaptiveAveragePoolGradient)
        watch("localResponseNormalization", \.localResponseNormalization)
        watch("localResponseNormalizationGradient", \.localResponseNormalizationGradient)
        watch("crossEntropy", \.crossEntropy)
        watch("crossEntropyGradient", \.crossEntropyGradient)
    }

    private mutating func updates() {
        watch("sgd", \.sgd)
        watch("adam", \.adam)
        watch("lambDirection", \.lambDirection)
        watch("followDirection", \.followDirection)
        watch("rmsprop", \.rmsprop)
        watch("momentumDirection", \.momentumDirection)
        watch("matrixProduct", \.matrixProduct)
        watch("matrixTranspose", \.matrixTranspose)
    }
}
