/// destination = initial + source * weights, for forward convolutions, data gradients and linear layers.
///
/// Weights are packed [lanes/32][elements' rows][32]. Tasks are those of `blocking`; with `RowAxis.samples` a group is
/// all samples.
package struct ConvolutionArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var axis: RowAxis
    package var source: TensorView
    package var window: SourceWindow
    package var weights: UnsafePointer<Float>
    /// Floats from one block of 32 lanes to the next.
    package var weightBlockStride: Int
    package var phases: UnsafePointer<Phase>
    package var phaseCount: Int
    package var destination: TensorView
    /// Pixels between neighbouring outputs of a stride phase.
    package var destinationStep: Int
    package var epilogue: Epilogue
    package var blocking = Blocking()
    /// Floats that a sample's copy takes.
    package var copiedSample = 0
    /// The staging memory of a task's outputs, pixel by pixel, until the sums write the scaled gradient
    /// (`SummedNorm.isScaled`): its offset in floats after a worker's copy of the source, and the floats from pixel to
    /// pixel.
    package var stagingOffset = 0
    package var stagingPixelStride = 0

    package init(
        batch: BatchLayout, axis: RowAxis, source: TensorView, window: SourceWindow, weights: UnsafePointer<Float>,
        weightBlockStride: Int, phases: UnsafePointer<Phase>, phaseCount: Int, destination: TensorView,
        destinationStep: Int, epilogue: Epilogue
    ) {
        self.batch = batch
        self.axis = axis
        self.source = source
        self.window = window
        self.weights = weights
        self.weightBlockStride = weightBlockStride
        self.phases = phases
        self.phaseCount = phaseCount
        self.destination = destination
        self.destinationStep = destinationStep
        self.epilogue = epilogue
    }
}

/// Weight gradients: the sum over a shard's pixels of x * dy, for each tap, input and output; where a task sums all of
/// its rank's shards, the sum of these along the tree.
///
/// A task has some of the inputs (all taps of them) and some of the outputs:
/// task index = (shard * inputTasks + inputTask) * laneTasks + laneTask, without a shard where tasks sum all.
package struct WeightGradientArguments: BitwiseCopyable {
    package var batch: BatchLayout
    /// x
    package var source: TensorView
    package var window: SourceWindow
    /// dy, and the batch norm whose gradient is computed from dy as it is packed.
    package var outputGradient: TensorView
    package var normGradient: NormGradient?
    /// The elements of the first task's inputs, and the places of their weights in its sums:
    /// [lanesPerTask/32][taps][inputsPerTask][32].
    package var elements: UnsafePointer<ReduceElement>
    package var elementCount: Int
    /// Packed as weights are: the gradient, or the shards' partial sums, `targetStride` floats apart.
    package var target: UnsafeMutablePointer<Float>
    package var targetStride: Int
    package var weightBlockStride: Int
    /// Whether a task sums all shards.
    package var sumsShards: Bool
    package var schedule: UnsafePointer<ShardSumStep>
    package var taps: Int
    /// Inputs of a tap.
    package var inputs: Int
    package var inputsPerTask: Int
    package var inputTasks: Int
    package var lanesPerTask: Int
    package var laneTasks: Int
    /// Output rows that are worked on at a time, packed: as many as caches hold.
    package var rowsPerBlock = 1
    /// Samples that are worked on at a time; more than one only where all their rows are.
    package var samplesPerBlock = 1
    /// The parts of the scratch memory in floats: `sumBuffers` times a task's sums, then those of two-pixel packing,
    /// then packed x, then packed dy.
    package var taskSums = 0
    package var sumBuffers = 1
    package var twoPixelSums = 0
    package var packedSource = 0
    /// The patches of Winograd's algorithm; nil for other algorithms. Its scratch memory is: `sumBuffers` times a
    /// task's sums, their sums in the transform domain, the window's copy (`packedSource` floats), transformed x,
    /// transformed dy.
    package var patches: WinogradPatches?

    package init(
        batch: BatchLayout, source: TensorView, window: SourceWindow, outputGradient: TensorView,
        elements: UnsafePointer<ReduceElement>, elementCount: Int, target: UnsafeMutablePointer<Float>,
        targetStride: Int,
        weightBlockStride: Int, sumsShards: Bool, schedule: UnsafePointer<ShardSumStep>, taps: Int, inputs: Int,
        inputsPerTask: Int, inputTasks: Int,
        lanesPerTask: Int, laneTasks: Int
    ) {
        self.batch = batch
        self.source = source
        self.window = window
        self.outputGradient = outputGradient
        self.elements = elements
        self.elementCount = elementCount
        self.target = target
        self.targetStride = targetStride
        self.weightBlockStride = weightBlockStride
        self.sumsShards = sumsShards
        self.schedule = schedule
        self.taps = taps
        self.inputs = inputs
        self.inputsPerTask = inputsPerTask
        self.inputTasks = inputTasks
        self.lanesPerTask = lanesPerTask
        self.laneTasks = laneTasks
    }
}

/// A task's share of the weights.
package struct WeightShare: Sendable {
    /// The shard that the task sums; unused where it sums all.
    package let shard: Int
    /// Inputs of each tap.
    package let inputs: Range<Int>
    /// Outputs.
    package let lanes: Range<Int>

    package init(_ arguments: UnsafePointer<WeightGradientArguments>, task: Int) {
        let laneTask = task % arguments.pointee.laneTasks
        let inputTask = task / arguments.pointee.laneTasks % arguments.pointee.inputTasks
        shard = task / arguments.pointee.laneTasks / arguments.pointee.inputTasks
        let firstInput = inputTask * arguments.pointee.inputsPerTask
        inputs = firstInput..<min(firstInput + arguments.pointee.inputsPerTask, arguments.pointee.inputs)
        let firstLane = laneTask * arguments.pointee.lanesPerTask
        let channels = (arguments.pointee.outputGradient.channels + 15) / 16 * 16
        lanes = firstLane..<min(firstLane + arguments.pointee.lanesPerTask, channels)
    }
}

/// A step of a sum over shards along their tree: the sum of `shard`, and then the number of times that the last two
/// waiting sums are added.
package struct ShardSumStep: BitwiseCopyable {
    package var shard: Int
    package var merges: Int

    package init(shard: Int, merges: Int) {
        self.shard = shard
        self.merges = merges
    }
}

/// The weights of a data gradient: from [outputs/32][taps][inputs][32] to [inputs/32][taps, reordered][outputs][32].
/// One task a block of 32 inputs.
package struct TransposeArguments: BitwiseCopyable {
    package var source: UnsafePointer<Float>
    package var destination: UnsafeMutablePointer<Float>
    package var inputs: Int
    package var outputs: Int
    package var taps: Int
    /// The tap at each place of the destination.
    package var order: UnsafePointer<Int>

    package init(
        source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>, inputs: Int, outputs: Int, taps: Int,
        order: UnsafePointer<Int>
    ) {
        self.source = source
        self.destination = destination
        self.inputs = inputs
        self.outputs = outputs
        self.taps = taps
        self.order = order
    }
}

/// Sums `shards` partials of `count` floats along the tree that pairs s with s + half, into `destination`. One task a
/// chunk of `chunk` floats.
package struct TreeSumArguments: BitwiseCopyable {
    package var partials: UnsafeMutablePointer<Float>
    package var partialStride: Int
    package var shards: Int
    package var destination: UnsafeMutablePointer<Float>
    package var count: Int
    package var chunk: Int

    package init(
        partials: UnsafeMutablePointer<Float>, partialStride: Int, shards: Int,
        destination: UnsafeMutablePointer<Float>, count: Int, chunk: Int
    ) {
        self.partials = partials
        self.partialStride = partialStride
        self.shards = shards
        self.destination = destination
        self.count = count
        self.chunk = chunk
    }
}

/// The bias's gradient: for each shard, partial[lane] = sum over its pixels of dy. One task a shard.
package struct BiasGradientArguments: BitwiseCopyable {
    package var batch: BatchLayout
    package var outputGradient: TensorView
    package var partials: UnsafeMutablePointer<Float>
    package var partialStride: Int

    package init(
        batch: BatchLayout, outputGradient: TensorView, partials: UnsafeMutablePointer<Float>, partialStride: Int
    ) {
        self.batch = batch
        self.outputGradient = outputGradient
        self.partials = partials
        self.partialStride = partialStride
    }
}

/// The groups of a convolution that are computed together as one dense convolution, with zero weights between different
/// groups.
package struct GroupMaskArguments: BitwiseCopyable {
    package var gradient: UnsafeMutablePointer<Float>
    /// Floats from one super-group to the next.
    package var stride: Int
    /// Channels of a super-group.
    package var inputs: Int
    package var outputs: Int
    package var inputsPerGroup: Int
    package var outputsPerGroup: Int
    package var taps: Int

    package init(
        gradient: UnsafeMutablePointer<Float>, stride: Int, inputs: Int, outputs: Int, inputsPerGroup: Int,
        outputsPerGroup: Int, taps: Int
    ) {
        self.gradient = gradient
        self.stride = stride
        self.inputs = inputs
        self.outputs = outputs
        self.inputsPerGroup = inputsPerGroup
        self.outputsPerGroup = outputsPerGroup
        self.taps = taps
    }
}
