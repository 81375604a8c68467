internal import Graphs
internal import KernelInterface
internal import Tensors

extension PlanBuilder {
    mutating func lowerDataGradient(_ node: Node, _ convolution: Convolution) {
        guard let output = node.output else { return }
        let sums = runSums(node.sums, of: output)
        var isSummed = sums != nil
        forEachPart(
            convolution, input: output, output: node.inputs[0], gradientLoad: node.gradientLoad, addend: node.addend,
            finish: finish(node)
        ) { builder, part in
            var part = part
            part.sums = sums?.slice(from: part.firstInput)
            if let openBLAS = builder.openBLAS(for: part) {
                builder.emit(.dataGradient, part, on: openBLAS)
                isSummed = false
            } else if part.geometry.isLinear {
                builder.emitLinearDataGradient(part)
                isSummed = false
            } else {
                isSummed = builder.emitDataGradient(part) && isSummed
            }
        }
        if isSummed, let kind = node.sums, let sums { finishSums(kind, sums, of: output) }
    }

    /// - Returns: whether the sums are fused.
    private mutating func emitDataGradient(_ part: ConvolutionPart) -> Bool {
        let geometry = part.geometry
        let dx = part.input
        let dy = part.output
        if geometry.isSheared {
            emitShearedDataGradient(part)
            return false
        }
        let lattice = Lattice(geometry)
        if let filter = filter(geometry, for: .dataGradient) {
            // The kernels are turned by half a circle.
            let weights = transposed(part, order: (0..<geometry.taps).reversed())
            return emitWinograd(
                filter, source: dy, normalization: nil, padding: geometry.stride == 1 ? lattice.padTop : 0,
                weights: weights,
                scratch: (dx.channels + 31) / 32 * geometry.taps * dy.channels * 32, destination: dx,
                addend: part.addend, bias: nil, finish: part.finish, sums: part.sums)
        }
        // Of one tap, a tile's pixels would often fall on the same lines of the first-level cache.
        let isStrided = geometry.taps == 1 && geometry.stride > 1
        var plain = SourceWindow(
            isCopied: geometry.axis == .pixels
                || geometry.axis == .mapRow && (isStrided || lattice.needsCopy(geometry)),
            padTop: lattice.padTop,
            padLeft: lattice.padLeft, width: lattice.width, pixelStride: copiedPixel(geometry, dy),
            rowSpan: lattice.rowSpan, step: 1,
            scratch: workspace.scratch, scratchStride: workspace.scratchStride)
        if let norm = part.normGradient {
            plain.normGradient = norm
            plain.pixelStride = spread(wholeVectors(dy.channels))
        }
        // Where the stride leaves gaps, pixels of a stride phase lie at two distances.
        let columns = lattice.phases[0].columns
        let window =
            geometry.stride > 1
            ? plain
            : joined(
                plain, geometry, rows: lattice.phases[0].rows, columns: columns, kernelHeight: lattice.rowSpan,
                columnCopies: lattice.width - columns + 1) ?? plain
        let phases = lattice.phases.map { phase in
            let segments = dataGradientSegments(phase, lattice, dy, window, geometry)
            return Phase(
                rows: phase.rows, columns: phase.columns, firstRow: phase.firstRow, firstColumn: phase.firstColumn,
                segments: UnsafePointer(memory.store(segments)), segmentCount: segments.count)
        }
        let outputs = geometry.isDepthwise ? 1 : dy.channels
        return emitConvolution(
            geometry, source: dy, window: window, weights: transposed(part, order: lattice.tapOrder),
            weightBlockStride: geometry.taps * outputs * 32, phases: phases, destination: dx, step: geometry.stride,
            addend: part.addend, bias: nil, finish: part.finish, sums: part.sums)
    }

    /// The weights with inputs as lanes; a depthwise convolution's are that already.
    ///
    /// - Parameter order: taps, by their new places.
    private mutating func transposed(_ part: ConvolutionPart, order: [Int]) -> UnsafePointer<Float> {
        if part.geometry.isDepthwise { return UnsafePointer(part.weights) }
        let blocks = (part.input.channels + 31) / 32
        workspace.needPartials(blocks * part.geometry.taps * part.output.channels * 32)
        call(
            context.kernels.transposeWeights,
            TransposeArguments(
                source: UnsafePointer(part.weights), destination: workspace.partials, inputs: part.input.channels,
                outputs: part.output.channels, taps: part.geometry.taps,
                order: UnsafePointer(memory.store(order))),
            tasks: blocks)
        return UnsafePointer(workspace.partials)
    }

    private func dataGradientSegments(
        _ phase: Lattice.Phase, _ lattice: Lattice, _ dy: TensorView, _ window: SourceWindow,
        _ geometry: ConvolutionGeometry
    ) -> [Segment] {
        var segments: [Segment] = []
        for tap in phase.taps {
            let source = tapOffset(row: tap.row + window.padTop, column: tap.column + window.padLeft, window, dy)
            append(
                geometry.isDepthwise
                    ? Segment(source: source, weight: lattice.tapOrder[tap.place] * 32, length: 1)
                    : Segment(source: source, weight: tap.place * dy.channels * 32, length: dy.channels), to: &segments)
        }
        return segments.flatMap(cut)
    }
}
