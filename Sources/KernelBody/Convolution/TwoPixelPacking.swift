import KernelInterface

// Two-pixel packing: convolutions at stride 1 of at most eight outputs. With these alone as lanes half of the lanes or
// more would be unused. So a vector of sixteen lanes holds the outputs of two pixels side by side. Their inputs are
// those of a kernel one column wider:
//
//   y[p, 2q + h, k] = sum over r, s, c of x[p + r, 2q + s, c] * w'[r, s, c, (h, k)]
//   w'[r, s, c, (h, k)] = w[r, s - h, c, k], or zero
//
// Each output has the chain that it would have alone, and zeros before or behind each row of taps: the same bits.
//
// A weight gradient sums the even pixels of rows and the odd ones each in a chain of its own, and adds the two:
//
//   dw'[r, s, c, (h, k)] = sum over p, q of x[p + r, 2q + s, c] * dy[p, 2q + h, k]
//   dw[r, s, c, k] = dw'[r, s, c, (0, k)] + dw'[r, s + 1, c, (1, k)]

// Where channels are padded to 8, such vectors are adjacent.

/// Lanes of one pixel.
@inline(__always) private var half: Int { smallGranule }

func pairWeights(_ arguments: UnsafePointer<TwoPixelWeightArguments>, _ task: Int, _ worker: Int) {
    let width = arguments.pointee.kernelWidth
    let run = arguments.pointee.inputs &* blockLanes
    let source = arguments.pointee.source
    var target = arguments.pointee.destination
    for row in 0..<arguments.pointee.kernelHeight {
        for column in 0...width {
            zeroFloats(run, at: target)
            let taps = source + (row &* width &+ column) &* run
            for i in stride(from: 0, to: run, by: blockLanes) {
                for lane in 0..<half {
                    if column < width { target[i &+ lane] = taps[i &+ lane] }
                    if column > 0 { target[i &+ half &+ lane] = taps[i &+ lane &- run] }
                }
            }
            target += run
        }
    }
    for lane in 0..<half {
        let bias = arguments.pointee.bias?[lane] ?? 0
        target[lane] = bias
        target[half &+ lane] = bias
    }
}

/// Two-pixel packing, in tasks of all lanes. Scratch memory: a sample's copy, then a row of outputs.
func convolveTwoPixels(_ arguments: UnsafePointer<ConvolutionArguments>, _ task: Int, _ worker: Int) {
    let window = arguments.pointee.window
    let destination = arguments.pointee.destination
    let phase = arguments.pointee.phases[0]
    let blocking = arguments.pointee.blocking
    let (group, rowBlock, _) = blocking.place(of: task)
    let firstRow = rowBlock &* blocking.rowsPerBlock
    let rows = min(blocking.rowsPerBlock, phase.rows &- firstRow)
    let copy = window.scratch + worker &* window.scratchStride
    let scratch = copy + arguments.pointee.copiedSample
    let pairs = (phase.columns &+ 1) / 2
    let isDirect = destination.isPaddedTo8
    var job = MultiplyJob(
        source: UnsafePointer(copy), sourceStride: 2 &* window.pixelStride, weights: arguments.pointee.weights,
        elements: phase.elements, elementCount: phase.elementCount, initial: arguments.pointee.epilogue.bias,
        initialStride: 0, destination: scratch, destinationStride: twoPixelLanes,
        prefetch: Prefetch(nothingAt: UnsafePointer(copy)))
    for slot in blocking.slots(of: group, in: arguments.pointee.batch) where arguments.pointee.batch.isActive(slot) {
        copyWindow(
            arguments.pointee.source, slot: slot, firstRow: firstRow &- window.padTop,
            rows: rows &- 1 &+ window.rowSpan,
            window: window, to: copy)
        for row in 0..<rows {
            let target = destination.pixel(slot, firstRow &+ row, 0)
            let outputs = isDirect ? target : scratch
            job.source = UnsafePointer(copy + row &* window.width &* window.pixelStride)
            job.destination = outputs
            multiplyRow(TwoPixels.self, pairs, isWide: lanes == half, &job)
            if let activation = arguments.pointee.epilogue.activation {
                activation(
                    outputs, stride: twoPixelLanes, count: pairs, channels: twoPixelLanes, activated: nil,
                    activatedStride: 0)
            }
            if !isDirect { separate(outputs, pixels: phase.columns, to: target, pixelStride: destination.pixelStride) }
        }
    }
}

/// Moves the pixels of some vectors of two to their places in a map of whole vectors.
@inline(__always)
private func separate(
    _ pairs: UnsafeMutablePointer<Float>, pixels: Int, to target: UnsafeMutablePointer<Float>, pixelStride: Int
) {
    var source = UnsafePointer(pairs)
    var target = target
    for _ in 0..<pixels {
        copyPaddedTo8(from: source, to: target)
        // Sums over pixels read these lanes too, though they belong to no channel.
        zeroFloats(half, at: target + half)
        source += half
        target += pixelStride
    }
}

/// Packs dy of a row block, two pixels of a row in a vector of sixteen lanes: [rows][vectors][sixteen].
func packTwoPixels(
    _ gradient: TensorView, slots: Range<Int>, rows: Range<Int>, to packed: UnsafeMutablePointer<Float>
) {
    var target = packed
    for slot in slots {
        for row in rows {
            var source = gradient.pixel(slot, row, 0)
            for column in 0..<gradient.width {
                // The second of two pixels is written after the first, whose vector may reach into its place.
                put(streamed(source, pixelStride: gradient.pixelStride), target + (column & 1) &* half)
                source += gradient.pixelStride
                if column & 1 == 1 { target += twoPixelLanes }
            }
            if gradient.width & 1 == 1 {
                zeroFloats(half, at: target + half)
                target += twoPixelLanes
            }
        }
    }
}

/// Computes the gradient of a kernel's weights from that of the kernel one column wider.
func joinTwoPixels(
    _ sums: UnsafePointer<Float>, inputs: Int, kernelHeight: Int, kernelWidth: Int,
    to target: UnsafeMutablePointer<Float>
) {
    let run = inputs &* blockLanes
    for row in 0..<kernelHeight {
        let even = sums + row &* (kernelWidth &+ 1) &* run
        let odd = even + (run &+ half)
        let taps = target + row &* kernelWidth &* run
        for i in stride(from: 0, to: kernelWidth &* run, by: blockLanes) {
            put(vector(even + i) + vector(odd + i), taps + i)
        }
    }
}

/// Adds the kernels of this file.
func addTwoPixelPackingKernels(to table: inout KernelTable) {
    table.pairWeights.body = pairWeights
    table.convolveTwoPixels.body = convolveTwoPixels
}
