/// Gradients of a linear layer: x and dx are whole maps, dy one pixel a sample.
///
/// Weights and their gradient are packed [outputs/32][inputs of all pixels][32].
package struct LinearGradientArguments: BitwiseCopyable {
    package var batch: BatchLayout
    /// x, or dx of the data gradient.
    package var input: TensorView
    /// dy
    package var outputGradient: TensorView
    /// The epilogue of dx: its addend and activation.
    package var epilogue: Epilogue
    package var weights: UnsafePointer<Float>
    package var gradient: UnsafeMutablePointer<Float>
    package var weightBlockStride: Int
    package var schedule: UnsafePointer<ShardSumStep>
    /// Packed dy for the data gradient, [slots/32][outputs][32 slots], shared by its tasks.
    package var packed: UnsafeMutablePointer<Float>
    /// A task's inputs in the data gradient, outputs in the weight gradient (a multiple of 32).
    package var perTask: Int
    /// Parts that the inputs fall into in the data gradient, and a task's slots there: a multiple of 32.
    package var inputTasks = 1
    package var slotsPerTask = 0
    /// Scratch memory of each worker. Data gradient: sums [perTask + 16][32], a square of 16 numbers each way, and the
    /// epilogue's numbers; a square twice as wide for packing dy. Weight gradient: dy of its outputs, 16 inputs of x,
    /// and as many tiles as the shards' tree is high.
    package var scratch: UnsafeMutablePointer<Float>
    package var scratchStride: Int

    package init(
        batch: BatchLayout, input: TensorView, outputGradient: TensorView, epilogue: Epilogue,
        weights: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>, weightBlockStride: Int,
        schedule: UnsafePointer<ShardSumStep>, packed: UnsafeMutablePointer<Float>, perTask: Int,
        scratch: UnsafeMutablePointer<Float>, scratchStride: Int
    ) {
        self.batch = batch
        self.input = input
        self.outputGradient = outputGradient
        self.epilogue = epilogue
        self.weights = weights
        self.gradient = gradient
        self.weightBlockStride = weightBlockStride
        self.schedule = schedule
        self.packed = packed
        self.perTask = perTask
        self.scratch = scratch
        self.scratchStride = scratchStride
    }
}
