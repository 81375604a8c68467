import KernelInterface

/// A stretch of memory that will be read when the tiles at hand are done, brought to the second-level cache meanwhile: each of their steps
/// asks for a little of it. Memory and multiplications then work at the same time, not in turns.
///
/// Asking changes nothing but time, so that it need not be exact: what lies between a view's channels is asked for too, and there need not be any memory.
struct OpenLookahead<Member: Weightless> {
    var place: UnsafePointer<Float>
    /// Floats for each step.
    var step: Int
    /// Floats that have not been asked for.
    var remaining: Int
    var member = Member()

    /// Nothing to ask for: the same line over and over, which costs nothing.
    @inline(__always)
    init(nothingAt place: UnsafePointer<Float>) {
        self.place = place
        step = 0
        remaining = 0
    }

    /// `count` floats of a view from `place` on, over `steps` steps; nothing where most of what lies there belongs to others.
    @inline(__always)
    init(_ view: TensorView, from place: UnsafePointer<Float>, count: Int, steps: Int) {
        self.place = place
        step = view.channels &* 2 > view.pixelStride ? (count &+ max(steps, 1) &- 1) / max(steps, 1) : 0
        remaining = count
    }

    /// `steps` steps have asked.
    @inline(__always)
    mutating func advance(_ steps: Int) {
        let asked = steps &* step
        place += asked
        remaining &-= asked
        if remaining <= 0 { step = 0 }
    }
}

typealias Lookahead = OpenLookahead<Nothing>
