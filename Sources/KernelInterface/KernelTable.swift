/// A kernel: its arguments, which of its tasks to do, and which worker does it (for scratch memory).
package typealias Kernel<Arguments> = @Sendable (UnsafePointer<Arguments>, _ task: Int, _ worker: Int) -> Void

/// All kernels of one instruction set.
package struct KernelTable: Sendable {
    /// Lanes that the register tile computes at a time, and its full height in rows.
    package var tileLanes: Int
    package var tileHeight: Int

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
    package var pairWeights: Kernel<PairedWeightArguments>
    package var convolvePairs: Kernel<ConvolutionArguments>
    package var pairedWeightGradient: Kernel<WeightGradientArguments>
    /// Data gradients of convolutions that read few channels: their weights, and all the rest.
    package var shearWeights: Kernel<ShearedWeightArguments>
    package var convolveSheared: Kernel<ShearArguments>
    /// One task 32 slots and 32 outputs: dy of a linear layer with samples as lanes.
    package var packOutputGradient: Kernel<LinearGradientArguments>
    package var linearDataGradient: Kernel<LinearGradientArguments>
    package var linearWeightGradient: Kernel<LinearGradientArguments>

    /// x -> sums of x and x² of each sample
    package var moments: Kernel<ChannelSumArguments>
    /// x, y, dy -> dz = dy where y lies within its bounds; sums of dz and dz * (x - mean) of each sample
    package var residualGradient: Kernel<BatchNormArguments>
    /// One task a sample: adds the sums of its runs, which the kernel that wrote it has taken.
    package var runSums: Kernel<RunSumArguments>
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

    /// Runs the full-height tile `repetitions` times on data that stays in the first-level cache; returns its
    /// floating-point operations.
    package var saturate: @Sendable (_ repetitions: Int, _ memory: UnsafeMutablePointer<Float>) -> Double

    package init(
        tileLanes: Int, tileHeight: Int,
        convolve: @escaping Kernel<ConvolutionArguments>, weightGradient: @escaping Kernel<WeightGradientArguments>,
        biasGradient: @escaping Kernel<BiasGradientArguments>, transposeWeights: @escaping Kernel<TransposeArguments>,
        treeSum: @escaping Kernel<TreeSumArguments>, convolveDepthwise: @escaping Kernel<ConvolutionArguments>,
        depthwiseWeightGradient: @escaping Kernel<WeightGradientArguments>,
        convolveWinograd: @escaping Kernel<WinogradArguments>,
        transformWeights: @escaping Kernel<WinogradWeightArguments>,
        winogradWeightGradient: @escaping Kernel<WeightGradientArguments>,
        maskGroups: @escaping Kernel<GroupMaskArguments>,
        pairWeights: @escaping Kernel<PairedWeightArguments>,
        convolvePairs: @escaping Kernel<ConvolutionArguments>,
        pairedWeightGradient: @escaping Kernel<WeightGradientArguments>,
        shearWeights: @escaping Kernel<ShearedWeightArguments>, convolveSheared: @escaping Kernel<ShearArguments>,
        packOutputGradient: @escaping Kernel<LinearGradientArguments>,
        linearDataGradient: @escaping Kernel<LinearGradientArguments>,
        linearWeightGradient: @escaping Kernel<LinearGradientArguments>,
        moments: @escaping Kernel<ChannelSumArguments>, residualGradient: @escaping Kernel<BatchNormArguments>,
        runSums: @escaping Kernel<RunSumArguments>, shardSums: @escaping Kernel<ChannelSumArguments>,
        shardTree: @escaping Kernel<ChannelSumArguments>,
        batchNormFinish: @escaping Kernel<BatchNormArguments>, batchNormFreeze: @escaping Kernel<BatchNormArguments>,
        batchNormApply: @escaping Kernel<BatchNormArguments>,
        batchNormGradientSums: @escaping Kernel<BatchNormArguments>,
        batchNormParameterGradient: @escaping Kernel<BatchNormArguments>,
        batchNormGradientFinish: @escaping Kernel<BatchNormArguments>,
        batchNormGradientApply: @escaping Kernel<BatchNormArguments>,
        batchNormGradientScale: @escaping Kernel<BatchNormArguments>,
        normShiftFinish: @escaping Kernel<NormShiftArguments>, normShift: @escaping Kernel<NormShiftArguments>,
        relu: @escaping Kernel<ElementwiseArguments>, reluGradient: @escaping Kernel<ElementwiseArguments>,
        relu6: @escaping Kernel<ElementwiseArguments>, relu6Gradient: @escaping Kernel<ElementwiseArguments>,
        sigmoid: @escaping Kernel<ElementwiseArguments>, sigmoidGradient: @escaping Kernel<ElementwiseArguments>,
        tanh: @escaping Kernel<ElementwiseArguments>, tanhGradient: @escaping Kernel<ElementwiseArguments>,
        gelu: @escaping Kernel<ElementwiseArguments>, geluGradient: @escaping Kernel<ElementwiseArguments>,
        scale: @escaping Kernel<ElementwiseArguments>,
        add: @escaping Kernel<ElementwiseArguments>, copy: @escaping Kernel<ElementwiseArguments>,
        dropout: @escaping Kernel<DropoutArguments>,
        maxPool: @escaping Kernel<PoolingArguments>, maxPoolGradient: @escaping Kernel<PoolingArguments>,
        averagePool: @escaping Kernel<PoolingArguments>, averagePoolGradient: @escaping Kernel<PoolingArguments>,
        adaptiveAveragePool: @escaping Kernel<PoolingArguments>,
        adaptiveAveragePoolGradient: @escaping Kernel<PoolingArguments>,
        localResponseNormalization: @escaping Kernel<LRNArguments>,
        localResponseNormalizationGradient: @escaping Kernel<LRNArguments>,
        crossEntropy: @escaping Kernel<CrossEntropyArguments>,
        crossEntropyGradient: @escaping Kernel<CrossEntropyArguments>,
        sgd: @escaping Kernel<SGDArguments>, adam: @escaping Kernel<AdamArguments>,
        lambDirection: @escaping Kernel<AdamArguments>, followDirection: @escaping Kernel<DirectionArguments>,
        rmsprop: @escaping Kernel<RMSpropArguments>, momentumDirection: @escaping Kernel<SGDArguments>,
        matrixProduct: @escaping Kernel<MatrixArguments>, matrixTranspose: @escaping Kernel<MatrixArguments>,
        saturate: @escaping @Sendable (_ repetitions: Int, _ memory: UnsafeMutablePointer<Float>) -> Double
    ) {
        self.tileLanes = tileLanes
        self.tileHeight = tileHeight
        self.convolve = convolve
        self.weightGradient = weightGradient
        self.biasGradient = biasGradient
        self.transposeWeights = transposeWeights
        self.treeSum = treeSum
        self.convolveDepthwise = convolveDepthwise
        self.depthwiseWeightGradient = depthwiseWeightGradient
        self.convolveWinograd = convolveWinograd
        self.transformWeights = transformWeights
        self.winogradWeightGradient = winogradWeightGradient
        self.maskGroups = maskGroups
        self.pairWeights = pairWeights
        self.convolvePairs = convolvePairs
        self.pairedWeightGradient = pairedWeightGradient
        self.shearWeights = shearWeights
        self.convolveSheared = convolveSheared
        self.packOutputGradient = packOutputGradient
        self.linearDataGradient = linearDataGradient
        self.linearWeightGradient = linearWeightGradient
        self.moments = moments
        self.residualGradient = residualGradient
        self.runSums = runSums
        self.shardSums = shardSums
        self.shardTree = shardTree
        self.batchNormFinish = batchNormFinish
        self.batchNormFreeze = batchNormFreeze
        self.batchNormApply = batchNormApply
        self.batchNormGradientSums = batchNormGradientSums
        self.batchNormParameterGradient = batchNormParameterGradient
        self.batchNormGradientFinish = batchNormGradientFinish
        self.batchNormGradientApply = batchNormGradientApply
        self.batchNormGradientScale = batchNormGradientScale
        self.normShiftFinish = normShiftFinish
        self.normShift = normShift
        self.relu = relu
        self.reluGradient = reluGradient
        self.relu6 = relu6
        self.relu6Gradient = relu6Gradient
        self.sigmoid = sigmoid
        self.sigmoidGradient = sigmoidGradient
        self.tanh = tanh
        self.tanhGradient = tanhGradient
        self.gelu = gelu
        self.geluGradient = geluGradient
        self.scale = scale
        self.add = add
        self.copy = copy
        self.dropout = dropout
        self.maxPool = maxPool
        self.maxPoolGradient = maxPoolGradient
        self.averagePool = averagePool
        self.averagePoolGradient = averagePoolGradient
        self.adaptiveAveragePool = adaptiveAveragePool
        self.adaptiveAveragePoolGradient = adaptiveAveragePoolGradient
        self.localResponseNormalization = localResponseNormalization
        self.localResponseNormalizationGradient = localResponseNormalizationGradient
        self.crossEntropy = crossEntropy
        self.crossEntropyGradient = crossEntropyGradient
        self.sgd = sgd
        self.adam = adam
        self.lambDirection = lambDirection
        self.followDirection = followDirection
        self.rmsprop = rmsprop
        self.momentumDirection = momentumDirection
        self.matrixProduct = matrixProduct
        self.matrixTranspose = matrixTranspose
        self.saturate = saturate
    }
}
