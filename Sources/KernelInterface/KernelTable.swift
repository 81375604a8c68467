/// A kernel: a row of the table, with the name for profiles, benchmarks and tests.
package struct Kernel<Arguments>: Sendable {
    /// The function: its arguments, which of its tasks to do, and which worker does it (for scratch memory).
    package typealias Body = @Sendable (UnsafePointer<Arguments>, _ task: Int, _ worker: Int) -> Void

    /// The name of the kernel's field in `KernelTable`.
    package let name: String
    package var body: Body

    /// A row without a kernel, which traps when it is called.
    fileprivate init(_ name: String) {
        self.name = name
        body = { _, _, _ in preconditionFailure("\(name) has no kernel") }
    }
}

/// The kernels of one instruction set.
package struct KernelTable: Sendable {
    /// Lanes that the register tile computes at a time, and its full height in rows.
    package var tileLanes: Int
    package var tileRows: Int

    package var convolve = Kernel<ConvolutionArguments>("convolve")
    package var weightGradient = Kernel<WeightGradientArguments>("weightGradient")
    package var biasGradient = Kernel<BiasGradientArguments>("biasGradient")
    package var transposeWeights = Kernel<TransposeArguments>("transposeWeights")
    package var treeSum = Kernel<TreeSumArguments>("treeSum")
    /// Convolutions and data gradients in which each channel meets only its own weights, [channels/32][taps][32].
    package var convolveDepthwise = Kernel<ConvolutionArguments>("convolveDepthwise")
    package var depthwiseWeightGradient = Kernel<WeightGradientArguments>("depthwiseWeightGradient")
    /// Convolutions, data gradients and weight gradients of 3x3 kernels by Winograd's algorithm.
    package var convolveWinograd = Kernel<WinogradArguments>("convolveWinograd")
    package var transformWeights = Kernel<WinogradWeightArguments>("transformWeights")
    package var winogradWeightGradient = Kernel<WeightGradientArguments>("winogradWeightGradient")
    package var maskGroups = Kernel<GroupMaskArguments>("maskGroups")
    /// Convolutions of few outputs, and their weight gradients: two pixels' outputs are lanes.
    package var pairWeights = Kernel<TwoPixelWeightArguments>("pairWeights")
    package var convolveTwoPixels = Kernel<ConvolutionArguments>("convolveTwoPixels")
    package var twoPixelWeightGradient = Kernel<WeightGradientArguments>("twoPixelWeightGradient")
    /// Data gradients of convolutions that read few channels: their weights, and all the rest.
    package var rowTapWeights = Kernel<RowTapWeightArguments>("rowTapWeights")
    package var sumColumns = Kernel<ColumnSumArguments>("sumColumns")
    /// One task 32 slots and 32 outputs: dy of a linear layer with samples as lanes.
    package var packOutputGradient = Kernel<LinearGradientArguments>("packOutputGradient")
    package var linearDataGradient = Kernel<LinearGradientArguments>("linearDataGradient")
    package var linearWeightGradient = Kernel<LinearGradientArguments>("linearWeightGradient")

    /// x -> sums of x and x² of each sample
    package var moments = Kernel<ChannelSumArguments>("moments")
    /// x, y, dy -> dz = dy where y lies within its bounds; sums of dz and dz * (x - mean) of each sample
    package var residualGradient = Kernel<BatchNormArguments>("residualGradient")
    /// One task a sample: adds the sums of its row blocks, which the kernel that wrote it has taken.
    package var blockSums = Kernel<BlockSumArguments>("blockSums")
    /// One task a shard: adds its samples' sums. The same for forward and backward sums.
    package var shardSums = Kernel<ChannelSumArguments>("shardSums")
    /// One task: adds the shards' sums along their tree.
    package var shardTree = Kernel<ChannelSumArguments>("shardTree")
    /// Sums -> moments, running moments and scale of some of the channels. One task for each of an array of arguments.
    package var batchNormFinish = Kernel<BatchNormArguments>("batchNormFinish")
    /// One task: running moments -> scale
    package var batchNormFreeze = Kernel<BatchNormArguments>("batchNormFreeze")
    /// x -> y
    package var batchNormApply = Kernel<BatchNormArguments>("batchNormApply")
    /// x, dy -> sums of dy and dy * (x - mean) of each sample
    package var batchNormGradientSums = Kernel<BatchNormArguments>("batchNormGradientSums")
    /// One task: the shards' sums -> this rank's gradients of weight and bias
    package var batchNormParameterGradient = Kernel<BatchNormArguments>("batchNormParameterGradient")
    /// One task: all ranks' sums -> scale, slope and offset of the data gradient
    package var batchNormGradientFinish = Kernel<BatchNormArguments>("batchNormGradientFinish")
    /// x, dy -> dx
    package var batchNormGradientApply = Kernel<BatchNormArguments>("batchNormGradientApply")
    /// x, dy -> dx without its shift
    package var batchNormGradientScale = Kernel<BatchNormArguments>("batchNormGradientScale")
    /// One task: batch norms' slopes and offsets -> those of their sum
    package var normShiftFinish = Kernel<NormShiftArguments>("normShiftFinish")
    /// x, dx -> dx with the sum of their shifts
    package var normShift = Kernel<NormShiftArguments>("normShift")

    package var relu = Kernel<ElementwiseArguments>("relu")
    package var reluGradient = Kernel<ElementwiseArguments>("reluGradient")
    package var relu6 = Kernel<ElementwiseArguments>("relu6")
    package var relu6Gradient = Kernel<ElementwiseArguments>("relu6Gradient")
    package var sigmoid = Kernel<ElementwiseArguments>("sigmoid")
    package var sigmoidGradient = Kernel<ElementwiseArguments>("sigmoidGradient")
    package var tanh = Kernel<ElementwiseArguments>("tanh")
    package var tanhGradient = Kernel<ElementwiseArguments>("tanhGradient")
    package var gelu = Kernel<ElementwiseArguments>("gelu")
    package var geluGradient = Kernel<ElementwiseArguments>("geluGradient")
    package var scale = Kernel<ElementwiseArguments>("scale")
    package var add = Kernel<ElementwiseArguments>("add")
    package var copy = Kernel<ElementwiseArguments>("copy")
    package var dropout = Kernel<DropoutArguments>("dropout")

    package var maxPool = Kernel<PoolingArguments>("maxPool")
    package var maxPoolGradient = Kernel<PoolingArguments>("maxPoolGradient")
    package var averagePool = Kernel<PoolingArguments>("averagePool")
    package var averagePoolGradient = Kernel<PoolingArguments>("averagePoolGradient")
    package var adaptiveAveragePool = Kernel<PoolingArguments>("adaptiveAveragePool")
    package var adaptiveAveragePoolGradient = Kernel<PoolingArguments>("adaptiveAveragePoolGradient")
    package var localResponseNormalization = Kernel<LRNArguments>("localResponseNormalization")
    package var localResponseNormalizationGradient = Kernel<LRNArguments>("localResponseNormalizationGradient")

    package var crossEntropy = Kernel<CrossEntropyArguments>("crossEntropy")
    package var crossEntropyGradient = Kernel<CrossEntropyArguments>("crossEntropyGradient")

    /// Updates of optimizers. One task a chunk.
    package var sgd = Kernel<SGDArguments>("sgd")
    package var adam = Kernel<AdamArguments>("adam")
    /// gradients -> the directions of LAMB
    package var lambDirection = Kernel<AdamArguments>("lambDirection")
    /// directions, in the place of gradients -> parameters
    package var followDirection = Kernel<ChunkedParameters>("followDirection")
    package var rmsprop = Kernel<RMSpropArguments>("rmsprop")
    /// gradients -> directions with momentum
    package var momentumDirection = Kernel<SGDArguments>("momentumDirection")
    /// Products and transpositions of matrices. One task a square of 32 x 32.
    package var matrixProduct = Kernel<MatrixArguments>("matrixProduct")
    package var matrixTranspose = Kernel<MatrixArguments>("matrixTranspose")

    /// The observer of executed tasks, for tests: called with a kernel's name before each of its tasks, by the thread
    /// that runs it. nil costs nothing.
    package var observer: (@Sendable (_ kernel: String) -> Void)?

    /// Runs the full-height tile `repetitions` times on data that stays in the first-level cache; returns its
    /// floating-point operations.
    package var saturate: @Sendable (_ repetitions: Int, _ memory: UnsafeMutablePointer<Float>) -> Double = { _, _ in 0
    }

    /// Makes a table of rows with names only, until the kernels' files add their functions.
    ///
    /// - Parameter blockLanes: the lanes of a block of weights in the kernels.
    package init(tileLanes: Int, tileRows: Int, blockLanes: Int) {
        precondition(blockLanes == WeightLayout.block, "kernels have blocks of \(blockLanes) lanes")
        self.tileLanes = tileLanes
        self.tileRows = tileRows
    }
}

/// A row of the table, whatever its kernel's arguments.
private protocol Row {
    var name: String { get }
}

extension Kernel: Row {}

extension KernelTable {
    /// The names of all kernels, in the table's order.
    package var names: [String] { Mirror(reflecting: self).children.compactMap { ($0.value as? any Row)?.name } }

    /// Returns the function that runs a kernel's tasks, after the observer's call where there is an observer.
    package func body<Arguments>(of kernel: Kernel<Arguments>) -> Kernel<Arguments>.Body {
        guard let observer else { return kernel.body }
        return { arguments, task, worker in
            observer(kernel.name)
            kernel.body(arguments, task, worker)
        }
    }
}
