import CMachine
import KernelInterface

/// A tile of destination = initial + source * weights.
struct OpenMultiplyJob<Member: EmptyMember> {
    var source: UnsafePointer<Float>
    var sourceStride: Int
    var weights: UnsafePointer<Float>
    var elements: UnsafePointer<ReduceElement>
    var elementCount: Int
    /// The initial values of the accumulators; nil is zero.
    var initial: UnsafePointer<Float>?
    var initialStride: Int
    var destination: UnsafeMutablePointer<Float>
    var destinationStride: Int
    /// The memory to prefetch during this task's work, as it is read after it.
    var prefetch: Prefetch
    var member = Member()
}

typealias MultiplyJob = OpenMultiplyJob<Nothing>

/// The products of a tile. Each output is one chain of fused multiply-adds along the elements.
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
        var prefetch = job.pointee.prefetch.place
        let prefetchStep = job.pointee.prefetch.step
        let besides = job.pointee.prefetch.besides
        for s in 0..<job.pointee.elementCount {
            let element = job.pointee.elements[s]
            var source = job.pointee.source + element.source
            var weights = job.pointee.weights + element.weight
            var left = element.length
            while left >= stepsPerPrefetch {
                for _ in 0..<stepsPerPrefetch {
                    sums.accumulate(P.self, source, stride, vector(weights), vector(weights + lanes))
                    source += 1
                    weights += blockLanes
                }
                if P.prefetches && T.prefetches {
                    machine_prefetch_second_level(prefetch)
                    machine_prefetch_second_level(prefetch + besides)
                    prefetch += prefetchStep
                }
                left &-= stepsPerPrefetch
            }
            // Too few iterations to prefetch anything.
            while left > 0 {
                sums.accumulate(P.self, source, stride, vector(weights), vector(weights + lanes))
                source += 1
                weights += blockLanes
                left &-= 1
            }
        }
        sums.store(job.pointee.destination, destinationStride)
    }
}
