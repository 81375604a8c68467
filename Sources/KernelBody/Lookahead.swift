import KernelInterface

/// Up to three stretches of memory, one after the other, that will be read when the tiles at hand are done, brought to the second-level cache meanwhile: each of their steps
/// asks for a little of it. Memory and multiplications then work at the same time, not in turns.
///
/// Asking changes nothing but time, so that it need not be exact: what lies between a view's channels is asked for too, and there need not be any memory.
struct OpenLookahead<Member: Weightless> {
    var place: UnsafePointer<Float>
    /// Floats for each step.
    var step: Int
    /// Floats that have not been asked for.
    var remaining: Int
    /// Stretches that come after this one, and their floats.
    private var second: UnsafePointer<Float>
    private var secondCount = 0
    private var third: UnsafePointer<Float>
    private var thirdCount = 0
    var member = Member()

    /// Nothing to ask for: the same line over and over, which costs nothing.
    @inline(__always)
    init(nothingAt place: UnsafePointer<Float>) {
        self.place = place
        step = 0
        remaining = 0
        second = place
        third = place
    }

    /// `count` floats of a view from `place` on, over `steps` steps; nothing where most of what lies there belongs to others.
    @inline(__always)
    init(_ view: TensorView, from place: UnsafePointer<Float>, count: Int, steps: Int) {
        self.init(nothingAt: place)
        append(view, from: place, count: count)
        spread(over: steps)
    }

    /// Adds a stretch, of three at most: `count` floats of a view from `place` on; nothing where most of what lies there belongs to others.
    @inline(__always)
    mutating func append(_ view: TensorView, from place: UnsafePointer<Float>, count: Int) {
        if view.channels &* 2 <= view.pixelStride || count <= 0 { return }
        if remaining == 0 {
            self.place = place
            remaining = count
        } else if secondCount == 0 {
            second = place
            secondCount = count
        } else {
            third = place
            thirdCount = count
        }
    }

    /// Adds what the sums over some rows of samples, all lanes of them, read besides what has been written.
    @inline(__always)
    mutating func append(_ norm: RunNorm, slots: Range<Int>, rows: Range<Int>) {
        append(norm.input, slots: slots, rows: rows)
        if let activated = norm.activated { append(activated, slots: slots, rows: rows) }
    }

    @inline(__always)
    private mutating func append(_ view: TensorView, slots: Range<Int>, rows: Range<Int>) {
        append(
            view, from: UnsafePointer(view.pixel(slots.lowerBound, rows.lowerBound, 0)),
            count: (slots.count &- 1) &* view.sampleStride &+ rows.count &* view.rowStride)
    }

    /// Has the stretches asked for in the course of `steps` steps.
    @inline(__always)
    mutating func spread(over steps: Int) {
        step = (remaining &+ secondCount &+ thirdCount &+ max(steps, 1) &- 1) / max(steps, 1)
    }

    /// `steps` steps have asked.
    @inline(__always)
    mutating func advance(_ steps: Int) {
        let asked = steps &* step
        place += asked
        remaining &-= asked
        if remaining > 0 { return }
        place = second
        remaining = secondCount
        second = third
        secondCount = thirdCount
        thirdCount = 0
        if remaining == 0 { step = 0 }
    }
}

typealias Lookahead = OpenLookahead<Nothing>
