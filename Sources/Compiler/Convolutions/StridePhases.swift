internal import Tensors

/// The stride phases of a convolution's data gradient: the taps that each input pixel meets.
///
/// Input row h gets dy[(h + padding - r) / stride] for the kernel rows r that make this a whole number. Inputs whose h
/// (and w) leave the same remainder by the stride share their taps: a stride phase. A tap's offset counts in rows and
/// columns of the phase.
struct StridePhases {
    struct Tap {
        /// The row and column of dy that the tap reads, relative to the row and column number within the stride phase.
        var row: Int
        var column: Int
        /// The index of the tap in the transposed weights.
        var place: Int
    }

    struct Phase {
        var rows: Int
        var columns: Int
        var firstRow: Int
        var firstColumn: Int
        var taps: [Tap]
    }

    private(set) var phases: [Phase] = []
    /// The tap, as r * kernelWidth + s, at each place of the transposed weights.
    private(set) var tapOrder: [Int] = []
    /// The rows and columns of zeros before dy.
    private(set) var padTop = 0
    private(set) var padLeft = 0
    /// The pixels that are read of a row of dy, zeros included.
    private(set) var width = 0
    /// The rows of dy that one row of a stride phase reads.
    private(set) var rowSpan = 1

    init(_ geometry: ConvolutionGeometry) {
        let rows = Self.offsets(geometry, kernel: geometry.kernelHeight)
        let columns = Self.offsets(geometry, kernel: geometry.kernelWidth)
        let stride = geometry.stride
        for a in 0..<min(stride, geometry.input.height) {
            for b in 0..<min(stride, geometry.input.width) {
                var taps: [Tap] = []
                for (r, row) in rows[a] {
                    for (s, column) in columns[b] {
                        taps.append(Tap(row: row, column: column, place: tapOrder.count))
                        tapOrder.append(r * geometry.kernelWidth + s)
                    }
                }
                phases.append(
                    Phase(
                        rows: (geometry.input.height - a + stride - 1) / stride,
                        columns: (geometry.input.width - b + stride - 1) / stride, firstRow: a, firstColumn: b,
                        taps: taps))
            }
        }
        // Taps that no input meets (a stride wider than the map) need a place too.
        let unmet = Set(0..<geometry.taps).subtracting(tapOrder)
        tapOrder += unmet.sorted()
        let allRows = phases.flatMap { $0.taps.map(\.row) }
        let allColumns = phases.flatMap { $0.taps.map(\.column) }
        padTop = max(0, -(allRows.min() ?? 0))
        padLeft = max(0, -(allColumns.min() ?? 0))
        rowSpan = max((allRows.max() ?? 0) + padTop + 1, 1)
        width = max((phases.map(\.columns).max() ?? 1) + (allColumns.max() ?? 0) + padLeft, 1)
    }

    /// Whether dy is read beyond its map.
    func needsCopy(_ geometry: ConvolutionGeometry) -> Bool {
        let rows = (phases.map(\.rows).max() ?? 1) - 1 + rowSpan - padTop
        return padTop > 0 || padLeft > 0 || rows > geometry.output.height || width > geometry.output.width
    }

    /// Returns the kernel rows or columns for each remainder by the stride, with the offsets that they read, ordered by
    /// offset.
    private static func offsets(_ geometry: ConvolutionGeometry, kernel: Int) -> [[(position: Int, offset: Int)]] {
        (0..<geometry.stride).map { remainder in
            (0..<kernel).filter { (remainder + geometry.padding - $0) % geometry.stride == 0 }
                .map { ($0, (remainder + geometry.padding - $0) / geometry.stride) }
                .sorted { $0.1 < $1.1 }
        }
    }
}
