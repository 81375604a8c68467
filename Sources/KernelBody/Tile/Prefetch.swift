import CMachine
import KernelInterface

/// Memory to prefetch, in order: consecutive floats from end to end or, in a view whose pixels have mostly other
/// channels, one cache line of each pixel, then the next line of each.
struct OpenPrefetchRange<Member: EmptyMember> {
    /// The address that the next step prefetches.
    var place: UnsafePointer<Float>
    /// Floats from one step to the next; 0 before consecutive floats are spread over steps.
    var step = 0
    /// Floats to the second address of a step that is wider than a cache line; else 0.
    private(set) var besides = 0
    /// Steps after which another line is prefetched.
    private(set) var stepsPerLine = 1
    /// The rest of this pass: steps or, before it is spread, floats.
    var remaining = 0
    /// Passes that come after this one, where they begin, and the steps of each.
    private var passes = 0
    private var nextPass: UnsafePointer<Float>
    private var stepsPerPass = 0
    var member = Member()

    /// Makes a range without anything to prefetch: the same line over and over, which costs nothing.
    @inline(__always)
    init(nothingAt place: UnsafePointer<Float>) {
        self.place = place
        nextPass = place
    }

    /// `count` floats of a view from `place` on.
    @inline(__always)
    init(_ view: TensorView, from place: UnsafePointer<Float>, count: Int) {
        self.init(nothingAt: place)
        if view.channels &* 2 > view.pixelStride {
            remaining = count
        } else {
            step = view.pixelStride
            remaining = count / view.pixelStride
            stepsPerPass = remaining
            passes = (view.channels &- 1) / Self.line
            nextPass = place + Self.line
        }
    }

    /// Floats of a cache's line.
    @inline(__always) private static var line: Int { 16 }

    @inline(__always) var isDone: Bool { remaining <= 0 && passes == 0 }
    @inline(__always) var floatsToSpread: Int { step == 0 ? remaining : 0 }
    @inline(__always) var steps: Int { step == 0 ? 0 : remaining &+ passes &* stepsPerPass }

    /// Prefetches `floats` floats a step, where the memory is consecutive.
    @inline(__always)
    mutating func spread(by floats: Int) {
        if step > 0 || isDone { return }
        step = floats
        besides = floats > Self.line ? floats / 2 : 0
        stepsPerLine = max(Self.line / floats, 1)
        remaining = (remaining &+ floats &- 1) / floats
    }

    /// Goes on by `count` steps, which have prefetched.
    @inline(__always)
    mutating func advance(_ count: Int) {
        place += count &* step
        remaining &-= count
        if remaining > 0 { return }
        if passes == 0 {
            step = 0
            besides = 0
        } else {
            place = nextPass
            nextPass += Self.line
            remaining = stepsPerPass
            passes &-= 1
        }
    }
}

typealias PrefetchRange = OpenPrefetchRange<Nothing>

/// Software prefetch to the second-level cache of up to five pieces of memory, one after the other, which later tiles
/// will read. Each step of the tiles at hand prefetches a line or two. So memory and multiplications work at the same
/// time, not one after the other.
///
/// A prefetch changes nothing but time, so that it need not be exact. Other channels of a view are prefetched too, and
/// the address need not be memory of ours.
struct OpenPrefetch<Member: EmptyMember> {
    private var first: PrefetchRange
    private var second: PrefetchRange
    private var third: PrefetchRange
    private var fourth: PrefetchRange
    private var fifth: PrefetchRange
    var member = Member()

    /// The address that the next step prefetches, and the floats from one step to the next.
    @inline(__always) var place: UnsafePointer<Float> { first.place }
    @inline(__always) var step: Int { first.step }
    /// Floats from there to the second address of a step; 0 for none.
    @inline(__always) var besides: Int { first.besides }

    @inline(__always)
    init(nothingAt place: UnsafePointer<Float>) {
        first = PrefetchRange(nothingAt: place)
        second = first
        third = first
        fourth = first
        fifth = first
    }

    /// `count` floats of a view from `place` on, over `steps` steps.
    @inline(__always)
    init(_ view: TensorView, from place: UnsafePointer<Float>, count: Int, steps: Int) {
        self.init(nothingAt: place)
        append(view, from: place, count: count)
        spread(over: steps)
    }

    /// Adds a piece, of five at most: `count` floats of a view from `place` on.
    @inline(__always)
    mutating func append(_ view: TensorView, from place: UnsafePointer<Float>, count: Int) {
        if count <= 0 { return }
        let range = PrefetchRange(view, from: place, count: count)
        if first.isDone {
            first = range
        } else if second.isDone {
            second = range
        } else if third.isDone {
            third = range
        } else if fourth.isDone {
            fourth = range
        } else {
            fifth = range
        }
    }

    /// Adds the memory, besides the output itself, that sums over some rows of samples in all lanes read.
    @inline(__always)
    mutating func append(_ norm: SummedNorm, slots: Range<Int>, rows: Range<Int>) {
        append(norm.input, slots: slots, rows: rows)
        if let activated = norm.activated { append(activated, slots: slots, rows: rows) }
    }

    /// Adds some rows of samples.
    @inline(__always)
    mutating func append(_ view: TensorView, slots: Range<Int>, rows: Range<Int>) {
        append(
            view, from: UnsafePointer(view.pixel(slots.lowerBound, rows.lowerBound, 0)),
            count: (slots.count &- 1) &* view.sampleStride &+ rows.count &* view.rowStride)
    }

    /// Spreads the prefetches over `steps` steps.
    @inline(__always)
    mutating func spread(over steps: Int) {
        let taken = first.steps &+ second.steps &+ third.steps &+ fourth.steps &+ fifth.steps
        let free = max(steps / stepsPerPrefetch &- taken, 1)
        let floats =
            first.floatsToSpread &+ second.floatsToSpread &+ third.floatsToSpread &+ fourth.floatsToSpread
            &+ fifth.floatsToSpread
        let step = (floats &+ free &- 1) / free
        first.spread(by: step)
        second.spread(by: step)
        third.spread(by: step)
        fourth.spread(by: step)
        fifth.spread(by: step)
    }

    /// Prefetches at once what `steps` steps would, each line once.
    @inline(__always)
    func prefetch(_ steps: Int) {
        if step == 0 { return }
        let stepsPerLine = first.stepsPerLine
        var place = place
        var left = steps / stepsPerPrefetch
        while left > 0 {
            machine_prefetch_second_level(place)
            if besides > 0 { machine_prefetch_second_level(place + besides) }
            place += stepsPerLine &* step
            left &-= stepsPerLine
        }
    }

    /// Goes on by `steps` steps, which have prefetched.
    @inline(__always)
    mutating func advance(_ steps: Int) {
        first.advance(steps / stepsPerPrefetch)
        if !first.isDone || second.isDone { return }
        first = second
        second = third
        third = fourth
        fourth = fifth
        fifth = PrefetchRange(nothingAt: fifth.place)
    }
}

typealias Prefetch = OpenPrefetch<Nothing>
