/// A kernel: a row of the table, of which profiles, benchmarks and tests know the name.
package struct Kernel<Arguments>: Sendable {
    /// The function: its arguments, which of its tasks to do, and which worker does it (for scratch memory).
    package typealias Body = @Sendable (UnsafePointer<Arguments>, _ task: Int, _ worker: Int) -> Void

    /// The name of the kernel's field in `KernelTable`.
    package let name: String
    package let body: Body

    fileprivate init(_ name: String, _ body: @escaping Body) {
        self.name = name
        self.body = body
    }
}

/// All kernels of one instruction set.
package struct KernelTable: Sendable {
    /// Lanes that the register tile computes at a time, and its full height in rows.
    package var tileLanes: Int
    package var tileRows: Int

    package var convolve: Kernel<ConvolutionArguments>
    package var weightGradient: Kernel<WeightGradientArguments>
    package var biasGradient: Kernel<BiasGradientArguments>
    package var transposeWeights: Kernel<TransposeArguments>
    package var treeSum: Kernel<TreeSumArguments>
    /// Convolutions and data gradients whose weights, [channels/32][taps][32], meet their own channel alone.
    package var convolveDepthwise: Kernel<ConvolutionArguments>
    package var depthwiseWeightGradient: Kernel<WeightGradientArguments>
    /// Convolutions, data gradients and weight gradients of 3x3 kernels by Winograd's algorithm.
    package var convolveWinograd: Kernel<WinogradArguments>
    package var transformWeights: Kernel<WinogradWeightArguments>
    package var winogradWeightGradient: Kernel<WeightGradientArguments>
    package var maskGroups: Kernel<GroupMaskArguments>
    /// Convolutions of few outputs, and their weight gradients: two pixels' outputs are lanes.
    package var pairWeights: Kernel<TwoPixelWeightArguments>
    package var convolveTwoPixels: Kernel<ConvolutionArguments>
    package var twoPixelWeightGradient: Kernel<WeightGradientArguments>
    /// Data gradients of convolutions that read few channels: their weights, and all the rest.
    package var rowTapWeights: Kernel<RowTapWeightArguments>
    package var sumColumns: Kernel<ColumnSumArguments>
    /// One task 32 slots and 32 outputs: dy of a linear layer with samples as lanes.
    package var packOutputGradient: Kernel<LinearGradientArguments>
    package var linearDataGradient: Kernel<LinearGradientArguments>
    package var linearWeightGradient: Kernel<LinearGradientArguments>

    /// x -> sums of x and x² of each sample
    package var moments: Kernel<ChannelSumArguments>
    /// x, y, dy -> dz = dy where y lies within its bounds; sums of dz and dz * (x - mean) of each sample
    package var residualGradient: Kernel<BatchNormArguments>
    /// One task a sample: adds the sums of its row blocks, which the kernel that wrote it has taken.
    package var blockSums: Kernel<BlockSumArguments>
    /// One task a shard: adds its samples' sums. The same for forward and backward sums.
    package var shardSums: Kernel<ChannelSumArguments>
    /// One task: adds the shards' sums along their tree.
    package var shardTree: Kernel<ChannelSumArguments>
    /// Sums -> moments, running moments and scale of some of the channels. One task for each of an array of arguments.
    package var batchNormFinish: Kernel<BatchNormArguments>
    /// One task: running moments -> scale
    package var batchNormFreeze: Kernel<BatchNormArguments>
    /// x -> y
    package var batchNormApply: Kernel<BatchNormArguments>
    /// x, dy -> sums of dy and dy * (x - mean) of each sample
    package var batchNormGradientSums: Kernel<BatchNormArguments>
    /// One task: the shards' sums -> this rank's gradients of weight and bias
    package var batchNormParameterGradient: Kernel<BatchNormArguments>
    /// One task: all ranks' sums -> scale, slope and offset of the data gradient
    package var batchNormGradientFinish: Kernel<BatchNormArguments>
    /// x, dy -> dx
    package var batchNormGradientApply: Kernel<BatchNormArguments>
    /// x, dy -> dx without its shift
    package var batchNormGradientScale: Kernel<BatchNormArguments>
    /// One task: batch norms' slopes and offsets -> those of their sum
    package var normShiftFinish: Kernel<NormShiftArguments>
    /// x, dx -> dx with the sum of their shifts
    package var normShift: Kernel<NormShiftArguments>

    package var relu: Kernel<ElementwiseArguments>
    package var reluGradient: Kernel<ElementwiseArguments>
    package var relu6: Kernel<ElementwiseArguments>
    package var relu6Gradient: Kernel<ElementwiseArguments>
    package var sigmoid: Kernel<ElementwiseArguments>
    package var sigmoidGradient: Kernel<ElementwiseArguments>
    package var tanh: Kernel<ElementwiseArguments>
    package var tanhGradient: Kernel<ElementwiseArguments>
    package var gelu: Kernel<ElementwiseArguments>
    package var geluGradient: Kernel<ElementwiseArguments>
    package var scale: Kernel<ElementwiseArguments>
    package var add: Kernel<ElementwiseArguments>
    package var copy: Kernel<ElementwiseArguments>
    package var dropout: Kernel<DropoutArguments>

    package var maxPool: Kernel<PoolingArguments>
    package var maxPoolGradient: Kernel<PoolingArguments>
    package var averagePool: Kernel<PoolingArguments>
    package var averagePoolGradient: Kernel<PoolingArguments>
    package var adaptiveAveragePool: Kernel<PoolingArguments>
    package var adaptiveAveragePoolGradient: Kernel<PoolingArguments>
    package var localResponseNormalization: Kernel<LRNArguments>
    package var localResponseNormalizationGradient: Kernel<LRNArguments>

    package var crossEntropy: Kernel<CrossEntropyArguments>
    package var crossEntropyGradient: Kernel<CrossEntropyArguments>

    /// Updates of optimizers. One task a chunk.
    package var sgd: Kernel<SGDArguments>
    package var adam: Kernel<AdamArguments>
    /// gradients -> the directions of LAMB
    package var lambDirection: Kernel<AdamArguments>
    /// directions -> parameters
    package var followDirection: Kernel<DirectionArguments>
    package var rmsprop: Kernel<RMSpropArguments>
    /// gradients -> directions with momentum
    package var momentumDirection: Kernel<SGDArguments>
    /// Products and transpositions of matrices. One task a square of 32 x 32.
    package var matrixProduct: Kernel<MatrixArguments>
    package var matrixTranspose: Kernel<MatrixArguments>

    /// The observer of what is executed: called with a kernel's name before each of its tasks, by the thread that does
    /// it.
    /// For tests; nil costs nothing.
    package var observer: (@Sendable (_ kernel: String) -> Void)?

    /// Runs the full-height tile `repetitions` times on data that stays in the first-level cache; returns its
    /// floating-point operations.
    package var saturate: @Sendable (_ repetitions: Int, _ memory: UnsafeMutablePointer<Float>) -> Double

    package init(
        tileLanes: Int, tileRows: Int,
        convolve: @escaping Kernel<ConvolutionArguments>.Body,
        weightGradient: @escaping Kernel<WeightGradientArguments>.Body,
        biasGradient: @escaping Kernel<BiasGradientArguments>.Body,
        transposeWeights: @escaping Kernel<TransposeArguments>.Body,
        treeSum: @escaping Kernel<TreeSumArguments>.Body,
        convolveDepthwise: @escaping Kernel<ConvolutionArguments>.Body,
        depthwiseWeightGradient: @escaping Kernel<WeightGradientArguments>.Body,
        convolveWinograd: @escaping Kernel<WinogradArguments>.Body,
        transformWeights: @escaping Kernel<WinogradWeightArguments>.Body,
        winogradWeightGradient: @escaping Kernel<WeightGradientArguments>.Body,
        maskGroups: @escaping Kernel<GroupMaskArguments>.Body,
        pairWeights: @escaping Kernel<TwoPixelWeightArguments>.Body,
        convolveTwoPixels: @escaping Kernel<ConvolutionArguments>.Body,
        twoPixelWeightGradient: @escaping Kernel<WeightGradientArguments>.Body,
        rowTapWeights: @escaping Kernel<RowTapWeightArguments>.Body,
        sumColumns: @escaping Kernel<ColumnSumArguments>.Body,
        packOutputGradient: @escaping Kernel<LinearGradientArguments>.Body,
        linearDataGradient: @escaping Kernel<LinearGradientArguments>.Body,
        linearWeightGradient: @escaping Kernel<LinearGradientArguments>.Body,
        moments: @escaping Kernel<ChannelSumArguments>.Body,
        residualGradient: @escaping Kernel<BatchNormArguments>.Body,
        blockSums: @escaping Kernel<BlockSumArguments>.Body, shardSums: @escaping Kernel<ChannelSumArguments>.Body,
        shardTree: @escaping Kernel<ChannelSumArguments>.Body,
        batchNormFinish: @escaping Kernel<BatchNormArguments>.Body,
        batchNormFreeze: @escaping Kernel<BatchNormArguments>.Body,
        batchNormApply: @escaping Kernel<BatchNormArguments>.Body,
        batchNormGradientSums: @escaping Kernel<BatchNormArguments>.Body,
        batchNormParameterGradient: @escaping Kernel<BatchNormArguments>.Body,
        batchNormGradientFinish: @escaping Kernel<BatchNormArguments>.Body,
        batchNormGradientApply: @escaping Kernel<BatchNormArguments>.Body,
        batchNormGradientScale: @escaping Kernel<BatchNormArguments>.Body,
        normShiftFinish: @escaping Kernel<NormShiftArguments>.Body,
        normShift: @escaping Kernel<NormShiftArguments>.Body,
        relu: @escaping Kernel<ElementwiseArguments>.Body, reluGradient: @escaping Kernel<ElementwiseArguments>.Body,
        relu6: @escaping Kernel<ElementwiseArguments>.Body, relu6Gradient: @escaping Kernel<ElementwiseArguments>.Body,
        sigmoid: @escaping Kernel<ElementwiseArguments>.Body,
        sigmoidGradient: @escaping Kernel<ElementwiseArguments>.Body,
        tanh: @escaping Kernel<ElementwiseArguments>.Body, tanhGradient: @escaping Kernel<ElementwiseArguments>.Body,
        gelu: @escaping Kernel<ElementwiseArguments>.Body, geluGradient: @escaping Kernel<ElementwiseArguments>.Body,
        scale: @escaping Kernel<ElementwiseArguments>.Body,
        add: @escaping Kernel<ElementwiseArguments>.Body, copy: @escaping Kernel<ElementwiseArguments>.Body,
        dropout: @escaping Kernel<DropoutArguments>.Body,
        maxPool: @escaping Kernel<PoolingArguments>.Body, maxPoolGradient: @escaping Kernel<PoolingArguments>.Body,
        averagePool: @escaping Kernel<PoolingArguments>.Body,
        averagePoolGradient: @escaping Kernel<PoolingArguments>.Body,
        adaptiveAveragePool: @escaping Kernel<PoolingArguments>.Body,
        adaptiveAveragePoolGradient: @escaping Kernel<PoolingArguments>.Body,
        localResponseNormalization: @escaping Kernel<LRNArguments>.Body,
        localResponseNormalizationGradient: @escaping Kernel<LRNArguments>.Body,
        crossEntropy: @escaping Kernel<CrossEntropyArguments>.Body,
        crossEntropyGradient: @escaping Kernel<CrossEntropyArguments>.Body,
        sgd: @escaping Kernel<SGDArguments>.Body, adam: @escaping Kernel<AdamArguments>.Body,
        lambDirection: @escaping Kernel<AdamArguments>.Body, followDirection: @escaping Kernel<DirectionArguments>.Body,
        rmsprop: @escaping Kernel<RMSpropArguments>.Body, momentumDirection: @escaping Kernel<SGDArguments>.Body,
        matrixProduct: @escaping Kernel<MatrixArguments>.Body, matrixTranspose: @escaping Kernel<MatrixArguments>.Body,
        saturate: @escaping @Sendable (_ repetitions: Int, _ memory: UnsafeMutablePointer<Float>) -> Double
    ) {
        self.tileLanes = tileLanes
        self.tileRows = tileRows
        self.convolve = Kernel("convolve", convolve)
        self.weightGradient = Kernel("weightGradient", weightGradient)
        self.biasGradient = Kernel("biasGradient", biasGradient)
        self.transposeWeights = Kernel("transposeWeights", transposeWeights)
        self.treeSum = Kernel("treeSum", treeSum)
        self.convolveDepthwise = Kernel("convolveDepthwise", convolveDepthwise)
        self.depthwiseWeightGradient = Kernel("depthwiseWeightGradient", depthwiseWeightGradient)
        self.convolveWinograd = Kernel("convolveWinograd", convolveWinograd)
        self.transformWeights = Kernel("transformWeights", transformWeights)
        self.winogradWeightGradient = Kernel("winogradWeightGradient", winogradWeightGradient)
        self.maskGroups = Kernel("maskGroups", maskGroups)
        self.pairWeights = Kernel("pairWeights", pairWeights)
        self.convolveTwoPixels = Kernel("convolveTwoPixels", convolveTwoPixels)
        self.twoPixelWeightGradient = Kernel("twoPixelWeightGradient", twoPixelWeightGradient)
        self.rowTapWeights = Kernel("rowTapWeights", rowTapWeights)
        self.sumColumns = Kernel("sumColumns", sumColumns)
        self.packOutputGradient = Kernel("packOutputGradient", packOutputGradient)
        self.linearDataGradient = Kernel("linearDataGradient", linearDataGradient)
        self.linearWeightGradient = Kernel("linearWeightGradient", linearWeightGradient)
        self.moments = Kernel("moments", moments)
        self.residualGradient = Kernel("residualGradient", residualGradient)
        self.blockSums = Kernel("blockSums", blockSums)
        self.shardSums = Kernel("shardSums", shardSums)
        self.shardTree = Kernel("shardTree", shardTree)
        self.batchNormFinish = Kernel("batchNormFinish", batchNormFinish)
        self.batchNormFreeze = Kernel("batchNormFreeze", batchNormFreeze)
        self.batchNormApply = Kernel("batchNormApply", batchNormApply)
        self.batchNormGradientSums = Kernel("batchNormGradientSums", batchNormGradientSums)
        self.batchNormParameterGradient = Kernel("batchNormParameterGradient", batchNormParameterGradient)
        self.batchNormGradientFinish = Kernel("batchNormGradientFinish", batchNormGradientFinish)
        self.batchNormGradientApply = Kernel("batchNormGradientApply", batchNormGradientApply)
        self.batchNormGradientScale = Kernel("batchNormGradientScale", batchNormGradientScale)
        self.normShiftFinish = Kernel("normShiftFinish", normShiftFinish)
        self.normShift = Kernel("normShift", normShift)
        self.relu = Kernel("relu", relu)
        self.reluGradient = Kernel("reluGradient", reluGradient)
        self.relu6 = Kernel("relu6", relu6)
        self.relu6Gradient = Kernel("relu6Gradient", relu6Gradient)
        self.sigmoid = Kernel("sigmoid", sigmoid)
        self.sigmoidGradient = Kernel("sigmoidGradient", sigmoidGradient)
        self.tanh = Kernel("tanh", tanh)
        self.tanhGradient = Kernel("tanhGradient", tanhGradient)
        self.gelu = Kernel("gelu", gelu)
        self.geluGradient = Kernel("geluGradient", geluGradient)
        self.scale = Kernel("scale", scale)
        self.add = Kernel("add", add)
        self.copy = Kernel("copy", copy)
        self.dropout = Kernel("dropout", dropout)
        self.maxPool = Kernel("maxPool", maxPool)
        self.maxPoolGradient = Kernel("maxPoolGradient", maxPoolGradient)
        self.averagePool = Kernel("averagePool", averagePool)
        self.averagePoolGradient = Kernel("averagePoolGradient", averagePoolGradient)
        self.adaptiveAveragePool = Kernel("adaptiveAveragePool", adaptiveAveragePool)
        self.adaptiveAveragePoolGradient = Kernel("adaptiveAveragePoolGradient", adaptiveAveragePoolGradient)
        self.localResponseNormalization = Kernel("localResponseNormalization", localResponseNormalization)
        self.localResponseNormalizationGradient = Kernel(
            "localResponseNormalizationGradient", localResponseNormalizationGradient)
        self.crossEntropy = Kernel("crossEntropy", crossEntropy)
        self.crossEntropyGradient = Kernel("crossEntropyGradient", crossEntropyGradient)
        self.sgd = Kernel("sgd", sgd)
        self.adam = Kernel("adam", adam)
        self.lambDirection = Kernel("lambDirection", lambDirection)
        self.followDirection = Kernel("followDirection", followDirection)
        self.rmsprop = Kernel("rmsprop", rmsprop)
        self.momentumDirection = Kernel("momentumDirection", momentumDirection)
        self.matrixProduct = Kernel("matrixProduct", matrixProduct)
        self.matrixTranspose = Kernel("matrixTranspose", matrixTranspose)
        self.saturate = saturate
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

    /// Returns the function that does a kernel's tasks, with the observer's call ahead of it where there is one.
    package func body<Arguments>(of kernel: Kernel<Arguments>) -> Kernel<Arguments>.Body {
        guard let observer else { return kernel.body }
        return { arguments, task, worker in
            observer(kernel.name)
            kernel.body(arguments, task, worker)
        }
    }
}
