import CMachine
import KernelInterface

/// A tile of destination = initial + source * weights.
struct OpenMultiplyJob<Member: Weightless> {
    var source: UnsafePointer<Float>
    var sourceStride: Int
    var weights: UnsafePointer<Float>
    var segments: UnsafePointer<Segment>
    var segmentCount: Int
    /// The initial values of the accumulators; nil is zero.
    var initial: UnsafePointer<Float>?
    var initialStride: Int
    var destination: UnsafeMutablePointer<Float>
    var destinationStride: Int
    /// The memory that is read after this task's work, prefetched in the course of it.
    var ahead: Lookahead
    var member = Member()
}

typealias MultiplyJob = OpenMultiplyJob<Nothing>

/// Each element is one chain of fused multiply-adds along the segments.
enum Multiply<P: Product>: TileLoop {
    @inline(never)
    static func run<T: Tile>(_ tile: T.Type, _ job: UnsafePointer<MultiplyJob>) {
        let stride = job.pointee.sourceStride
        var sums: T
        if let initial = job.pointee.initial {
            sums = T.load(initial, job.pointee.initialStride)
        } else {
            sums = T.zero
        }
        // The next tile writes to the rows after these, and often starts from them: where they come from memory, the
        // tile would wait for them.
        let destinationStride = job.pointee.destinationStride
        T.prefetch(job.pointee.destination + T.height &* destinationStride, destinationStride)
        var ahead = job.pointee.ahead.place
        let aheadStep = job.pointee.ahead.step
        let besides = job.pointee.ahead.besides
        for s in 0..<job.pointee.segmentCount {
            let segment = job.pointee.segments[s]
            var source = job.pointee.source + segment.source
            var weights = job.pointee.weights + segment.weight
            var left = segment.length
            while left >= stepsPerAsk {
                for _ in 0..<stepsPerAsk {
                    sums.accumulate(P.self, source, stride, vector(weights), vector(weights + lanes))
                    source += 1
                    weights += 32
                }
                if P.asksAhead && T.asksAhead {
                    machine_prefetch_second_level(ahead)
                    machine_prefetch_second_level(ahead + besides)
                    ahead += aheadStep
                }
                left &-= stepsPerAsk
            }
            // Too few iterations to prefetch anything.
            while left > 0 {
                sums.accumulate(P.self, source, stride, vector(weights), vector(weights + lanes))
                source += 1
                weights += 32
                left &-= 1
            }
        }
        sums.store(job.pointee.destination, destinationStride)
    }
}
