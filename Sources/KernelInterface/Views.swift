/// A tensor in memory as a kernel sees it: samples x height x width x channels. Distances are in numbers.
///
/// A pixel's channels are contiguous; pixels are `pixelStride` numbers apart, so that a view can be a channel slice of
/// a wider tensor. Outside of a network's input, strides and slices are multiples of 16 numbers: kernels read and write
/// whole vectors, and may overwrite the numbers between `channels` and the next multiple of 16.
package struct TensorView: BitwiseCopyable {
    package var base: UnsafeMutableRawPointer
    package var type: ElementType
    package var height: Int
    package var width: Int
    package var channels: Int
    package var pixelStride: Int
    /// The floats from one row to the next: all pixels of a row, or more in a view that skips some.
    package var rowStride: Int
    package var sampleStride: Int

    package init(
        base: UnsafeMutablePointer<Float>, height: Int, width: Int, channels: Int, pixelStride: Int, sampleStride: Int
    ) {
        self.base = UnsafeMutableRawPointer(base)
        self.type = .float32
        self.height = height
        self.width = width
        self.channels = channels
        self.pixelStride = pixelStride
        self.rowStride = width * pixelStride
        self.sampleStride = sampleStride
    }

    /// The first number of a view of float32.
    package var float32: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    /// Becomes the view that begins `count` numbers further on.
    package mutating func advance(by count: Int) { base += count * type.bytes }
}

/// The samples that an execution plan works on: `shards` groups of `shardCapacity` slots, of which the first
/// `shardSizes[shard]` hold a sample.
///
/// The contents of other slots are undefined; no sum over samples may read them.
package struct BatchLayout: BitwiseCopyable {
    package var shards: Int
    package var shardCapacity: Int
    package var shardSizes: UnsafeMutablePointer<Int>

    package init(shards: Int, shardCapacity: Int, shardSizes: UnsafeMutablePointer<Int>) {
        self.shards = shards
        self.shardCapacity = shardCapacity
        self.shardSizes = shardSizes
    }

    /// Calls `body` with each slot that holds a sample, shard after shard.
    package func forEachSample(_ body: (_ slot: Int) -> Void) {
        for shard in 0..<shards {
            for position in 0..<shardSizes[shard] { body(shard * shardCapacity + position) }
        }
    }
}

/// The numbers that change from step to step. They stay at one address for an execution plan's lifetime.
package struct StepState: BitwiseCopyable {
    package var seed: UInt64 = 0
    package var step: UInt64 = 0
    /// The factor of the summed losses: 1 / samples of the global batch, or another divisor
    package var lossScale: Float = 1
    /// The share of each target that all classes have alike, in 0..<1.
    package var labelSmoothing = 0.0
    /// The factor of each class in the loss, by class; nil where all are 1.
    package var classWeights: UnsafePointer<Float>?
    /// The samples that batch norm's moments are taken over, of all ranks or of this one. Times the pixels, they are
    /// the elements of a channel.
    package var normSamples = 1.0
    /// The number of each slot's sample.
    package var sampleIDs: UnsafeMutablePointer<UInt32>
    /// The class of each slot's sample.
    package var labels: UnsafeMutablePointer<Int32>
    /// The second class of each slot's sample, where it is a mixture of two.
    package var secondLabels: UnsafeMutablePointer<Int32>
    /// The share of `labels` in each slot's sample, in 0...1; `secondLabels` has the rest.
    package var labelShares: UnsafeMutablePointer<Float>

    package init(
        sampleIDs: UnsafeMutablePointer<UInt32>, labels: UnsafeMutablePointer<Int32>,
        secondLabels: UnsafeMutablePointer<Int32>, labelShares: UnsafeMutablePointer<Float>
    ) {
        self.sampleIDs = sampleIDs
        self.labels = labels
        self.secondLabels = secondLabels
        self.labelShares = labelShares
    }
}

/// A batch-reduce GEMM element: `length` consecutive inputs meet `length` consecutive rows of weights.
///
/// Taps whose inputs lie side by side in memory are one element: a dense 3x3 convolution over C channels has 3 of
/// length 3C.
package struct ReduceElement: BitwiseCopyable {
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

/// The output pixels that share one set of taps: all of them in a forward convolution; in a data gradient one of its
/// stride x stride phases.
package struct Phase: BitwiseCopyable {
    package var rows: Int
    package var columns: Int
    package var firstRow: Int
    package var firstColumn: Int
    package var elements: UnsafePointer<ReduceElement>
    package var elementCount: Int

    package init(
        rows: Int, columns: Int, firstRow: Int, firstColumn: Int, elements: UnsafePointer<ReduceElement>,
        elementCount: Int
    ) {
        self.rows = rows
        self.columns = columns
        self.firstRow = firstRow
        self.firstColumn = firstColumn
        self.elements = elements
        self.elementCount = elementCount
    }
}

/// The axis that the rows of a register tile run along.
package enum RowAxis: UInt8, BitwiseCopyable {
    /// The pixels of one output row.
    case mapRow
    /// All pixels of an output map with rows too short for good tiles.
    case map
    /// All pixels of one or several samples: a 1x1 convolution.
    case pixels
    /// Samples: a linear layer.
    case samples
}

/// The memory that a convolution reads: the tensor itself, or a copy of a row block of it with zeros around.
///
/// For `RowAxis.map` there is a copy for each column of the kernel (and for each remainder of rows by the step), of
/// only the pixels that the column meets. All pixels of a tap's map then lie at the same distance from each other,
/// across rows' ends too.
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
    /// Copies for `RowAxis.map`, by column of the kernel and by remainder of rows.
    package var columnCopies = 0
    package var rowRemainders = 0
    /// The prologue of the source while it is copied; the zeros around stay zeros. A batch norm's gradient is for
    /// `RowAxis.pixels` alone.
    package var prologue: Prologue?
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
