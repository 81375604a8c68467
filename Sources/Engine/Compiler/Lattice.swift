internal import Tensors

/// The stride phases of a convolution's data gradient: which taps reach which of its inputs, seen from the input.
///
/// Input row h gets dy[(h + padding - r) / stride] for the kernel rows r that make this a whole number. Inputs whose h
/// (and w) leave the same remainder by the stride share their taps: a stride phase. A tap's offset is relative to the
/// phase's own row count.
struct Lattice {
    struct Tap {
        /// The place where dy is read, in rows and columns from the stride phase's row and column number.
        var row: Int
        var column: Int
        /// The tap's place among the transposed weights.
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
    /// The tap r * kernelWidth + s that stands at each place.
    private(set) var tapOrder: [Int] = []
    /// Zeros that must stand around dy.
    private(set) var padTop = 0
    private(set) var padLeft = 0
    /// Pixels in a row of dy that are reached, zeros included.
    private(set) var width = 0
    /// Rows of dy that one row of a stride phase reaches.
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
        // Taps that no input meets (a stride wider than the map) still have a place.
        let unmet = Set(0..<geometry.taps).subtracting(tapOrder)
        tapOrder += unmet.sorted()
        let allRows = phases.flatMap { $0.taps.map(\.row) }
        let allColumns = phases.flatMap { $0.taps.map(\.column) }
        padTop = max(0, -(allRows.min() ?? 0))
        padLeft = max(0, -(allColumns.min() ?? 0))
        rowSpan = max((allRows.max() ?? 0) + padTop + 1, 1)
        width = max((phases.map(\.columns).max() ?? 1) + (allColumns.max() ?? 0) + padLeft, 1)
    }

    /// Whether dy is read outside of its map.
    func needsCopy(_ geometry: ConvolutionGeometry) -> Bool {
        let rows = (phases.map(\.rows).max() ?? 1) - 1 + rowSpan - padTop
        return padTop > 0 || padLeft > 0 || rows > geometry.output.height || width > geometry.output.width
    }

    /// The kernel's positions that meet each remainder, and the offsets of the rows or columns that they read, in the
    /// order of the offsets.
    private static func offsets(_ geometry: ConvolutionGeometry, kernel: Int) -> [[(position: Int, offset: Int)]] {
        (0..<geometry.stride).map { remainder in
            (0..<kernel).filter { (remainder + geometry.padding - $0) % geometry.stride == 0 }
                .map { ($0, (remainder + geometry.padding - $0) / geometry.stride) }
                .sorted { $0.1 < $1.1 }
        }
    }
}
