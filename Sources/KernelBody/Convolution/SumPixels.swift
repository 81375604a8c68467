import CMachine
import KernelInterface

/// The work of one tile on a row block: `samples` x `rows` x `columns` pixels, packed in scratch memory.
struct OpenOuterJob<Member: EmptyMember> {
    var x: UnsafePointer<Float>
    /// The floats from one row of the tile to the next.
    var xStride: Int
    /// The floats from one output pixel to the next along a row, along a column, and to the next sample.
    var xStep: Int
    var xRowStep: Int
    var xSampleStep: Int
    /// dy: the vectors of one pixel after the other, or of two pixels packed together.
    var gradient: UnsafePointer<Float>
    var samples: Int
    var rows: Int
    var columns: Int
    var sums: UnsafeMutablePointer<Float>
    var isFirst: Bool
    /// The next row block's x and dy, prefetched in the course of this one.
    var sourcePrefetch: Prefetch
    var gradientPrefetch: Prefetch
    var member = Member()

    /// Spreads the prefetch for the next row block over this one's K iterations: `rows` rows of dy from `slot` and
    /// `row` on, and the x that they meet.
    @inline(__always)
    mutating func prefetch(
        _ source: TensorView, _ gradient: TensorView, _ normInput: TensorView?, _ share: WeightShare, slot: Int,
        row: Int,
        sourceStep: Int, count rows: Int, slots: Int, steps: Int
    ) {
        guard slot < slots else { return }
        sourcePrefetch = Prefetch(
            source, from: UnsafePointer(source.pixel(slot, row &* sourceStep, 0)),
            count: rows &* sourceStep &* source.rowStride, steps: steps)
        for case var view? in [gradient, normInput] {
            view.take(lanes: share.lanes)
            gradientPrefetch.append(
                view, from: UnsafePointer(view.pixel(slot, row, 0)), count: rows &* view.rowStride)
        }
        gradientPrefetch.spread(over: steps)
    }
}

typealias OuterJob = OpenOuterJob<Nothing>

/// Sums the products of a row block's pixels onto the sums of earlier row blocks.
enum SumPixels<P: Product>: TileLoop {
    @inline(never)
    static func run<T: Tile>(_ tile: T.Type, _ job: UnsafePointer<OuterJob>) {
        var sums = job.pointee.isFirst ? T.zero : T.load(UnsafePointer(job.pointee.sums), blockLanes)
        let xStep = job.pointee.xStep
        // Inputs are adjacent, which the compiler must see as a constant.
        let xStride = P.isLanewise || T.sourceRows < T.height ? job.pointee.xStride : 1
        let columns = job.pointee.columns
        var gradient = job.pointee.gradient
        var sourcePrefetch = job.pointee.sourcePrefetch.place
        var gradientPrefetch = job.pointee.gradientPrefetch.place
        let sourceStep = job.pointee.sourcePrefetch.step
        let gradientStep = job.pointee.gradientPrefetch.step
        for sample in 0..<job.pointee.samples {
            for row in 0..<job.pointee.rows {
                var x = job.pointee.x + (sample &* job.pointee.xSampleStep &+ row &* job.pointee.xRowStep)
                var left = columns
                while left >= stepsPerPrefetch {
                    for _ in 0..<stepsPerPrefetch {
                        sums.accumulate(P.self, x, xStride, vector(gradient), vector(gradient + lanes))
                        x += xStep
                        gradient += T.width
                    }
                    if P.prefetches && T.prefetches {
                        machine_prefetch_second_level(sourcePrefetch)
                        machine_prefetch_second_level(gradientPrefetch)
                        sourcePrefetch += sourceStep
                        gradientPrefetch += gradientStep
                    }
                    left &-= stepsPerPrefetch
                }
                // Too few iterations to prefetch anything.
                while left > 0 {
                    sums.accumulate(P.self, x, xStride, vector(gradient), vector(gradient + lanes))
                    x += xStep
                    gradient += T.width
                    left &-= 1
                }
            }
        }
        sums.store(job.pointee.sums, blockLanes)
    }
}
