/// A tensor in memory as a kernel sees it: samples x height x width x channels, float32.
///
/// A pixel's channels are contiguous; pixels are `pixelStride` floats apart, so that a view can be a channel slice of a wider
/// tensor. Outside of a network's input, strides and slices are multiples of 16 floats: kernels read and write whole vectors,
/// and what lies between `channels` and the next multiple of 16 is theirs to overwrite.
package struct TensorView: BitwiseCopyable {
    package var base: UnsafeMutablePointer<Float>
    package var height: Int
    package var width: Int
    package var channels: Int
    package var pixelStride: Int
    /// Floats from row to row: those of all pixels of one, but for a view that leaves some out.
    package var rowStride: Int
    package var sampleStride: Int

    package init(
        base: UnsafeMutablePointer<Float>, height: Int, width: Int, channels: Int, pixelStride: Int, sampleStride: Int
    ) {
        self.base = base
        self.height = height
        self.width = width
        self.channels = channels
        self.pixelStride = pixelStride
        self.rowStride = width * pixelStride
        self.sampleStride = sampleStride
    }
}

/// The samples a plan works on: `shards` runs of `shardCapacity` slots, of which the first `shardSizes[shard]` hold a sample.
///
/// Slots without a sample hold anything; no sum over samples may read them.
package struct BatchLayout: BitwiseCopyable {
    package var shards: Int
    package var shardCapacity: Int
    package var shardSizes: UnsafeMutablePointer<Int>

    package init(shards: Int, shardCapacity: Int, shardSizes: UnsafeMutablePointer<Int>) {
        self.shards = shards
        self.shardCapacity = shardCapacity
        self.shardSizes = shardSizes
    }
}

/// What changes from step to step. Lives at one address for a plan's lifetime.
package struct StepState: BitwiseCopyable {
    package var seed: UInt64
    package var step: UInt64
    /// 1 / samples of the global batch, or what else the sum of their losses is divided by
    package var lossScale: Float
    /// In 0..<1: the share of each target that all classes have alike.
    package var labelSmoothing: Double
    /// By class, what its part of a loss is multiplied with; nil where all are 1.
    package var classWeights: UnsafePointer<Float>?
    /// Pixels times this is how many elements a channel's moments are taken over: samples of all ranks, or of this one.
    package var normSamples: Double
    /// By slot.
    package var sampleIDs: UnsafeMutablePointer<UInt32>
    /// The class of each slot's sample.
    package var labels: UnsafeMutablePointer<Int32>
    /// The other class of each slot's sample, where it is a mixture of two.
    package var secondLabels: UnsafeMutablePointer<Int32>
    /// The share of `labels` in each slot's sample, in 0...1; `secondLabels` has the rest.
    package var labelShares: UnsafeMutablePointer<Float>

    package init(
        sampleIDs: UnsafeMutablePointer<UInt32>, labels: UnsafeMutablePointer<Int32>,
        secondLabels: UnsafeMutablePointer<Int32>, labelShares: UnsafeMutablePointer<Float>
    ) {
        self.seed = 0
        self.step = 0
        self.lossScale = 1
        self.labelSmoothing = 0
        self.classWeights = nil
        self.normSamples = 1
        self.sampleIDs = sampleIDs
        self.labels = labels
        self.secondLabels = secondLabels
        self.labelShares = labelShares
    }
}

/// A run of products in a convolution: `length` consecutive inputs meet `length` consecutive rows of weights.
///
/// Taps whose inputs lie side by side in memory are one segment: a dense 3x3 convolution over C channels has 3 of length 3C.
package struct Segment: BitwiseCopyable {
    /// Floats from the output pixel's origin in the source.
    package var source: Int
    /// Floats from the start of a weight block; a row is 32.
    package var weight: Int
    package var length: Int

    package init(source: Int, weight: Int, length: Int) {
        self.source = source
        self.weight = weight
        self.length = length
    }
}

/// The output pixels that share one set of taps: all of them in a forward convolution, one of stride x stride lattices in a data gradient.
package struct Phase: BitwiseCopyable {
    package var rows: Int
    package var columns: Int
    package var firstRow: Int
    package var firstColumn: Int
    package var segments: UnsafePointer<Segment>
    package var segmentCount: Int

    package init(
        rows: Int, columns: Int, firstRow: Int, firstColumn: Int, segments: UnsafePointer<Segment>, segmentCount: Int
    ) {
        self.rows = rows
        self.columns = columns
        self.firstRow = firstRow
        self.firstColumn = firstColumn
        self.segments = segments
        self.segmentCount = segmentCount
    }
}

/// What the rows of a register tile run along.
package enum RowAxis: UInt8, BitwiseCopyable {
    /// The pixels of one output row.
    case mapRow
    /// All pixels of one output map, whose rows are too short for good tiles.
    case map
    /// All pixels of one or several samples: a 1x1 convolution.
    case pixels
    /// Samples: a linear layer.
    case samples
}

/// What an activation holds numbers to: low <= y <= high. Its gradient passes where low < y < high.
package struct Bounds: BitwiseCopyable {
    package var low: Float
    package var high: Float

    package init(low: Float, high: Float) {
        self.low = low
        self.high = high
    }
}

/// A batch norm with its activation, as what reads its input does it: (x - mean) * scale + bias within bounds. Pointers are to
/// one number a channel.
package struct Normalization: BitwiseCopyable {
    package var mean: UnsafePointer<Float>
    package var scale: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>
    package var bounds: Bounds

    package init(
        mean: UnsafePointer<Float>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>, bounds: Bounds
    ) {
        self.mean = mean
        self.scale = scale
        self.bias = bias
        self.bounds = bounds
    }
}

/// A batch norm's gradient, as what reads dy does it: dx = dy * gradientScale + (x - mean) * slope + offset, for dy zero where the norm's
/// activation did not let y pass. Pointers are to one number a channel.
package struct NormGradient: BitwiseCopyable {
    /// x
    package var input: TensorView
    package var mean: UnsafePointer<Float>
    package var scale: UnsafePointer<Float>
    package var bias: UnsafePointer<Float>
    package var gradientScale: UnsafePointer<Float>
    package var slope: UnsafePointer<Float>
    package var offset: UnsafePointer<Float>
    /// Those of the norm's activation, if what it let pass follows from x.
    package var bounds: Bounds?

    package init(_ state: BatchNormState, input: TensorView, bounds: Bounds?) {
        self.input = input
        self.bounds = bounds
        mean = UnsafePointer(state.mean)
        scale = UnsafePointer(state.scale)
        bias = state.bias
        gradientScale = UnsafePointer(state.gradientScale)
        slope = UnsafePointer(state.slope)
        offset = UnsafePointer(state.offset)
    }
}

/// Where a convolution reads from: the tensor itself, or a copy of a strip of it with zeros around.
///
/// For `RowAxis.map` there is a copy for each column of the kernel (and for each remainder of rows by the step), of just the
/// pixels that it meets: the pixels of a tap's whole map then lie at one distance from each other, rows' ends included.
package struct SourceWindow: BitwiseCopyable {
    /// Copy (with zero padding) before computing.
    package var isCopied: Bool
    /// Rows and columns of zeros before the source.
    package var padTop: Int
    package var padLeft: Int
    /// Pixels in a row of the copy.
    package var width: Int
    /// Floats from one pixel of the copy to the next.
    package var pixelStride: Int
    /// Source rows that one output row reads; for `RowAxis.map`, rows of each copy.
    package var rowSpan: Int
    /// Source rows (and columns) between neighbouring outputs.
    package var step: Int
    /// For `RowAxis.map`: copies, by column of the kernel, and by remainder of rows.
    package var columnCopies = 0
    package var rowRemainders = 0
    /// What the source goes through while it is copied; the zeros around stay zeros.
    package var normalization: Normalization?
    /// The norm whose gradient the source, which is dy, goes through while it is copied; for `RowAxis.pixels`.
    package var normGradient: NormGradient?
    /// One scratch area a worker, `scratchStride` floats apart.
    package var scratch: UnsafeMutablePointer<Float>
    package var scratchStride: Int

    package init(
        isCopied: Bool, padTop: Int, padLeft: Int, width: Int, pixelStride: Int, rowSpan: Int, step: Int,
        scratch: UnsafeMutablePointer<Float>, scratchStride: Int
    ) {
        self.isCopied = isCopied
        self.padTop = padTop
        self.padLeft = padLeft
        self.width = width
        self.pixelStride = pixelStride
        self.rowSpan = rowSpan
        self.step = step
        self.scratch = scratch
        self.scratchStride = scratchStride
    }
}
