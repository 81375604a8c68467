import KernelInterface

/// The outputs of one task in one stride phase and one sample (or several adjacent ones): rows of columns, at regular
/// strides.
struct Panel {
    var channels: Int
    var rows: Int
    var columns: Int
    var source: UnsafePointer<Float>
    var sourceRowStride: Int
    var sourceStride: Int
    var destination: UnsafeMutablePointer<Float>
    var destinationRowStride: Int
    var destinationStride: Int
    var addend: UnsafePointer<Float>?
    var addendRowStride: Int
    var addendStride: Int
    /// y, where the gradient of an activation is written.
    var activated: UnsafePointer<Float>?
    var activatedRowStride: Int
    var activatedStride: Int

    /// A panel whose rows have no distance until `setRowStrides` sets it.
    ///
    /// - Parameters:
    ///   - stride: floats from one column to the next, of a view that is written or read beside it.
    ///   - start: the first output's place in such a view.
    @inline(__always)
    init(
        _ arguments: UnsafePointer<ConvolutionArguments>, rows: Int, columns: Int, source: UnsafePointer<Float>,
        sourceStride: Int, stride: (TensorView) -> Int, start: (TensorView) -> UnsafeMutablePointer<Float>
    ) {
        let (output, addend) = (arguments.pointee.destination, arguments.pointee.epilogue.addend)
        let activated = arguments.pointee.epilogue.activation?.activated
        channels = output.channels
        self.rows = rows
        self.columns = columns
        self.source = source
        self.sourceStride = sourceStride
        sourceRowStride = 0
        destination = start(output)
        destinationStride = stride(output)
        destinationRowStride = 0
        self.addend = addend.map { UnsafePointer(start($0)) }
        addendStride = addend.map(stride) ?? 0
        addendRowStride = 0
        self.activated = activated.map { UnsafePointer(start($0)) }
        activatedStride = activated.map(stride) ?? 0
        activatedRowStride = 0
    }

    /// Sets the floats from one row of outputs to the next, by view.
    @inline(__always)
    mutating func setRowStrides(
        _ arguments: UnsafePointer<ConvolutionArguments>, _ rowStride: (TensorView) -> Int
    ) {
        destinationRowStride = rowStride(arguments.pointee.destination)
        addendRowStride = arguments.pointee.epilogue.addend.map(rowStride) ?? 0
        activatedRowStride = arguments.pointee.epilogue.activation?.activated.map(rowStride) ?? 0
    }
}

/// Calls `body` for each panel of a task's outputs, by the row axis of the register tile.
@inline(__always)
func forEachPanel(
    _ arguments: UnsafePointer<ConvolutionArguments>, _ phase: Phase, _ source: TensorView, firstSlot: Int, slots: Int,
    firstRow: Int, copy: UnsafePointer<Float>?, copiedSample: Int, staging: UnsafeMutablePointer<Float>?,
    _ body: (Panel) -> Void
) {
    let window = arguments.pointee.window
    switch arguments.pointee.axis {
    case .mapRow:
        let rows = min(arguments.pointee.blocking.rowsPerBlock, phase.rows &- firstRow)
        if rows <= 0 { return }
        let step = arguments.pointee.destinationStep
        let row = phase.firstRow &+ firstRow &* step
        let sourceWidth = copy == nil ? source.rowStride : window.width &* window.pixelStride
        let sourcePixel = copy == nil ? source.pixelStride : window.pixelStride
        for i in 0..<slots where arguments.pointee.batch.isActive(firstSlot &+ i) {
            let slot = firstSlot &+ i
            let origin =
                copy.map { $0 + i &* copiedSample } ?? UnsafePointer(source.pixel(slot, firstRow &* window.step, 0))
            var panel = Panel(
                arguments, rows: rows, columns: phase.columns, source: origin, sourceStride: window.step &* sourcePixel,
                stride: { step &* $0.pixelStride }, start: { $0.pixel(slot, row, phase.firstColumn) })
            panel.sourceRowStride = window.step &* sourceWidth
            panel.setRowStrides(arguments) { step &* $0.rowStride }
            body(panel)
        }
    case .map:
        guard let copy else { return }
        for i in 0..<slots where arguments.pointee.batch.isActive(firstSlot &+ i) {
            body(
                Panel(
                    arguments, rows: 1, columns: phase.rows &* phase.columns, source: copy + i &* copiedSample,
                    sourceStride: window.pixelStride, stride: { $0.pixelStride }, start: { $0.sample(firstSlot &+ i) }))
        }
    case .pixels:
        guard let copy else { return }
        let pixels = source.height &* source.width &* slots
        let columns = min(arguments.pointee.blocking.rowsPerBlock, pixels &- firstRow)
        if columns <= 0 { return }
        var panel = Panel(
            arguments, rows: 1, columns: columns, source: copy, sourceStride: window.pixelStride,
            stride: { $0.pixelStride }, start: { $0.sample(firstSlot) + firstRow &* $0.pixelStride })
        if let staging {
            (panel.destination, panel.destinationStride) = (staging, arguments.pointee.stagingPixelStride)
            (panel.addend, panel.activated) = (nil, nil)
        }
        body(panel)
    case .samples:
        body(
            Panel(
                arguments, rows: 1, columns: slots, source: source.sample(firstSlot), sourceStride: source.sampleStride,
                stride: { $0.sampleStride }, start: { $0.pixel(firstSlot, phase.firstRow, phase.firstColumn) }))
    }
}
