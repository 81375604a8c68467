import CMachine
import KernelInterface

// The register tile: rows x two vectors of accumulators. A K iteration takes one broadcast and two fused multiply-adds
// (FMAs) a row. In depthwise convolutions two loaded vectors replace the broadcast (`Lanewise`). The last lanes of a
// tensor may take tiles of one vector a row (`HalfRow`).
//
// The number of rows is part of the type, so that the compiler unrolls everything and keeps every accumulator in a
// register. With an array and a loop, accumulators would spill at each iteration. The same source gives every number of
// rows on every instruction set.

/// The load of the operand that is multiplied by the two vectors of weights.
protocol Product {
    /// Whether source and weights are multiplied lane by lane.
    static var isLanewise: Bool { get }
    /// Whether a vector of sixteen lanes holds the outputs of two pixels.
    static var holdsTwoPixels: Bool { get }
    /// Whether its loads leave load ports free for software prefetch.
    static var prefetches: Bool { get }
    static func first(_ source: UnsafePointer<Float>) -> Vector
    static func second(_ source: UnsafePointer<Float>) -> Vector
}

extension Product {
    @inline(__always) static var holdsTwoPixels: Bool { false }
}

/// The product of one input with the weights of all lanes' outputs.
enum Broadcast: Product {
    @inline(__always) static var isLanewise: Bool { false }
    @inline(__always) static var prefetches: Bool { true }
    @inline(__always) static func first(_ source: UnsafePointer<Float>) -> Vector { Vector(repeating: source.pointee) }
    @inline(__always) static func second(_ source: UnsafePointer<Float>) -> Vector { Vector(repeating: source.pointee) }
}

/// The product of one input with the outputs of two pixels, in weight gradients of few outputs
/// (`TwoPixelPacking.swift`).
enum TwoPixels: Product {
    @inline(__always) static var isLanewise: Bool { false }
    @inline(__always) static var holdsTwoPixels: Bool { true }
    @inline(__always) static var prefetches: Bool { false }
    @inline(__always) static func first(_ source: UnsafePointer<Float>) -> Vector { Vector(repeating: source.pointee) }
    @inline(__always) static func second(_ source: UnsafePointer<Float>) -> Vector { Vector(repeating: source.pointee) }
}

/// The product of each lane's input with its own weight, in depthwise convolutions.
enum Lanewise: Product {
    @inline(__always) static var isLanewise: Bool { true }
    @inline(__always) static var prefetches: Bool { false }
    @inline(__always) static func first(_ source: UnsafePointer<Float>) -> Vector { vector(source) }
    @inline(__always) static func second(_ source: UnsafePointer<Float>) -> Vector { vector(source + lanes) }
}

/// The accumulators of some rows.
protocol Tile {
    static var height: Int { get }
    /// Lanes of a row.
    static var width: Int { get }
    /// Whether an iteration's loads leave load ports free for software prefetch. With one vector a row each FMA needs
    /// its own load, so the caller prefetches before the tile.
    static var prefetches: Bool { get }
    /// The source rows, a stride apart, that the tile reads: fewer than `height` where some rows' inputs are adjacent.
    static var sourceRows: Int { get }
    static var zero: Self { get }
    /// row += source[row * stride] * (w0, w1)
    mutating func accumulate<P: Product>(
        _ product: P.Type, _ source: UnsafePointer<Float>, _ stride: Int, _ w0: Vector, _ w1: Vector)
    static func load(_ memory: UnsafePointer<Float>, _ stride: Int) -> Self
    /// Prefetches the memory that `store` will write.
    static func prefetch(_ memory: UnsafeMutablePointer<Float>, _ stride: Int)
    func store(_ memory: UnsafeMutablePointer<Float>, _ stride: Int)
    /// row += memory
    mutating func add(_ memory: UnsafePointer<Float>, _ stride: Int)
}

/// An empty member of generic type, by which the layout of a row, or of a tile's job, is unknown until run time. The
/// names of types with such a member begin with `Open`; an alias without it (`Row`) fills in `Nothing`.
///
/// For a type of known layout the compiler emits functions that copy it, under names that all modules share
/// (`__swift_memcpy64_16`). These must not be compiled for a wide instruction set: the linker could choose them for all
/// modules.
protocol EmptyMember {
    init()
}

struct Nothing: EmptyMember {}

/// A row of two vectors.
struct OpenRow<Member: EmptyMember>: Tile {
    var a: Vector
    var b: Vector
    var member = Member()

    @inline(__always) static var height: Int { 1 }
    @inline(__always) static var width: Int { tileLanes }
    @inline(__always) static var sourceRows: Int { 1 }
    @inline(__always) static var prefetches: Bool { true }
    @inline(__always) static var zero: Self { Self(a: Vector(repeating: 0), b: Vector(repeating: 0)) }

    @inline(__always)
    mutating func accumulate<P: Product>(
        _ product: P.Type, _ source: UnsafePointer<Float>, _ stride: Int, _ w0: Vector, _ w1: Vector
    ) {
        a.addProduct(P.first(source), w0)
        b.addProduct(P.second(source), w1)
    }

    @inline(__always)
    static func load(_ memory: UnsafePointer<Float>, _ stride: Int) -> Self {
        Self(a: vector(memory), b: vector(memory + lanes))
    }

    @inline(__always)
    static func prefetch(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) {
        machine_prefetch_to_write(memory)
        if lanes == 16 { machine_prefetch_to_write(memory + lanes) }
    }

    @inline(__always)
    func store(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) {
        put(a, memory)
        put(b, memory + lanes)
    }

    @inline(__always)
    mutating func add(_ memory: UnsafePointer<Float>, _ stride: Int) {
        a += vector(memory)
        b += vector(memory + lanes)
    }
}

/// A row of one vector, for the last lanes of a tensor whose channels fill an odd number of vectors.
struct OpenHalfRow<Member: EmptyMember>: Tile {
    var a: Vector
    var member = Member()

    @inline(__always) static var height: Int { 1 }
    @inline(__always) static var width: Int { lanes }
    @inline(__always) static var sourceRows: Int { 1 }
    @inline(__always) static var prefetches: Bool { false }
    @inline(__always) static var zero: Self { Self(a: Vector(repeating: 0)) }

    @inline(__always)
    mutating func accumulate<P: Product>(
        _ product: P.Type, _ source: UnsafePointer<Float>, _ stride: Int, _ w0: Vector, _ w1: Vector
    ) {
        a.addProduct(P.first(source), w0)
    }

    @inline(__always)
    static func load(_ memory: UnsafePointer<Float>, _ stride: Int) -> Self { Self(a: vector(memory)) }

    @inline(__always)
    static func prefetch(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) { machine_prefetch_to_write(memory) }

    @inline(__always)
    func store(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) { put(a, memory) }

    @inline(__always)
    mutating func add(_ memory: UnsafePointer<Float>, _ stride: Int) { a += vector(memory) }
}

/// A tile on top of another.
struct Stack<Top: Tile, Bottom: Tile>: Tile {
    var top: Top
    var bottom: Bottom

    @inline(__always) static var height: Int { Top.height + Bottom.height }
    @inline(__always) static var width: Int { Top.width }
    @inline(__always) static var sourceRows: Int { Top.sourceRows + Bottom.sourceRows }
    @inline(__always) static var prefetches: Bool { Top.prefetches }
    @inline(__always) static var zero: Self { Stack(top: .zero, bottom: .zero) }

    @inline(__always)
    mutating func accumulate<P: Product>(
        _ product: P.Type, _ source: UnsafePointer<Float>, _ stride: Int, _ w0: Vector, _ w1: Vector
    ) {
        top.accumulate(product, source, stride, w0, w1)
        bottom.accumulate(product, source + Top.sourceRows * stride, stride, w0, w1)
    }

    @inline(__always)
    static func load(_ memory: UnsafePointer<Float>, _ stride: Int) -> Self {
        Stack(top: .load(memory, stride), bottom: .load(memory + Top.height * stride, stride))
    }

    @inline(__always)
    static func prefetch(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) {
        Top.prefetch(memory, stride)
        Bottom.prefetch(memory + Top.height * stride, stride)
    }

    @inline(__always)
    func store(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) {
        top.store(memory, stride)
        bottom.store(memory + Top.height * stride, stride)
    }

    @inline(__always)
    mutating func add(_ memory: UnsafePointer<Float>, _ stride: Int) {
        top.add(memory, stride)
        bottom.add(memory + Top.height * stride, stride)
    }
}

/// Tile rows with adjacent inputs: the taps of one row of a kernel. The next row of the kernel is a stride further on.
struct SideBySide<Rows: Tile>: Tile {
    var rows: Rows

    @inline(__always) static var height: Int { Rows.height }
    @inline(__always) static var width: Int { Rows.width }
    @inline(__always) static var sourceRows: Int { 1 }
    @inline(__always) static var prefetches: Bool { Rows.prefetches }
    @inline(__always) static var zero: Self { Self(rows: .zero) }

    @inline(__always)
    mutating func accumulate<P: Product>(
        _ product: P.Type, _ source: UnsafePointer<Float>, _ stride: Int, _ w0: Vector, _ w1: Vector
    ) {
        rows.accumulate(product, source, 1, w0, w1)
    }

    @inline(__always)
    static func load(_ memory: UnsafePointer<Float>, _ stride: Int) -> Self { Self(rows: .load(memory, stride)) }

    @inline(__always)
    static func prefetch(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) { Rows.prefetch(memory, stride) }

    @inline(__always)
    func store(_ memory: UnsafeMutablePointer<Float>, _ stride: Int) { rows.store(memory, stride) }

    @inline(__always)
    mutating func add(_ memory: UnsafePointer<Float>, _ stride: Int) { rows.add(memory, stride) }
}

typealias Row = OpenRow<Nothing>
typealias HalfRow = OpenHalfRow<Nothing>

typealias Rows2<R: Tile> = Stack<R, R>
typealias Rows3<R: Tile> = Stack<Rows2<R>, R>
typealias Rows4<R: Tile> = Stack<Rows2<R>, Rows2<R>>
typealias Rows5<R: Tile> = Stack<Rows3<R>, Rows2<R>>
typealias Rows6<R: Tile> = Stack<Rows3<R>, Rows3<R>>
typealias Rows7<R: Tile> = Stack<Rows4<R>, Rows3<R>>
typealias Rows8<R: Tile> = Stack<Rows4<R>, Rows4<R>>
typealias Rows9<R: Tile> = Stack<Rows5<R>, Rows4<R>>
typealias Rows10<R: Tile> = Stack<Rows5<R>, Rows5<R>>
typealias Rows11<R: Tile> = Stack<Rows6<R>, Rows5<R>>
typealias Rows12<R: Tile> = Stack<Rows6<R>, Rows6<R>>
typealias Rows13<R: Tile> = Stack<Rows7<R>, Rows6<R>>
typealias Rows14<R: Tile> = Stack<Rows7<R>, Rows7<R>>
typealias Rows15<R: Tile> = Stack<Rows8<R>, Rows7<R>>
typealias Rows16<R: Tile> = Stack<Rows8<R>, Rows8<R>>
typealias Rows17<R: Tile> = Stack<Rows9<R>, Rows8<R>>
typealias Rows18<R: Tile> = Stack<Rows9<R>, Rows9<R>>
typealias Rows19<R: Tile> = Stack<Rows10<R>, Rows9<R>>
typealias Rows20<R: Tile> = Stack<Rows10<R>, Rows10<R>>
typealias Rows21<R: Tile> = Stack<Rows11<R>, Rows10<R>>
typealias Rows22<R: Tile> = Stack<Rows11<R>, Rows11<R>>
typealias Rows23<R: Tile> = Stack<Rows12<R>, Rows11<R>>
typealias Rows24<R: Tile> = Stack<Rows12<R>, Rows12<R>>
typealias Rows25<R: Tile> = Stack<Rows13<R>, Rows12<R>>
typealias Rows26<R: Tile> = Stack<Rows13<R>, Rows13<R>>
typealias Rows27<R: Tile> = Stack<Rows14<R>, Rows13<R>>
typealias Rows28<R: Tile> = Stack<Rows14<R>, Rows14<R>>

/// The work of one tile, for tiles of any height.
protocol TileLoop {
    associatedtype Job
    static func run<T: Tile>(_ tile: T.Type, _ job: UnsafePointer<Job>)
}

extension TileLoop {
    /// Runs a tile of `height` rows, of two vectors or of one.
    @inline(__always)
    static func run(height: Int, isWide: Bool, _ job: UnsafePointer<Job>) {
        if isWide { run(Row.self, height: height, job) } else { run(HalfRow.self, height: height, job) }
    }

    @inline(__always)
    private static func run<R: Tile>(_ row: R.Type, height: Int, _ job: UnsafePointer<Job>) {
        switch height {
        case 1: run(R.self, job)
        case 2: run(Rows2<R>.self, job)
        case 3: run(Rows3<R>.self, job)
        case 4: run(Rows4<R>.self, job)
        case 5: if tileRows >= 5 { run(Rows5<R>.self, job) }
        case 6: if tileRows >= 6 { run(Rows6<R>.self, job) }
        case 7: if tileRows >= 7 { run(Rows7<R>.self, job) }
        case 8: if tileRows >= 8 { run(Rows8<R>.self, job) }
        case 9: if tileRows >= 9 { run(Rows9<R>.self, job) }
        case 10: if tileRows >= 10 { run(Rows10<R>.self, job) }
        case 11: if tileRows >= 11 { run(Rows11<R>.self, job) }
        case 12: if tileRows >= 12 { run(Rows12<R>.self, job) }
        case 13: if tileRows >= 13 { run(Rows13<R>.self, job) }
        default: if tileRows >= 14 { run(Rows14<R>.self, job) }
        }
    }
}

extension TileLoop {
    /// Runs a tile of one vector with more rows than a tile of two vectors can have. The inputs of its rows must be
    /// adjacent: other distances would need more registers for addresses than there are.
    @inline(__always)
    static func run(tall height: Int, _ job: UnsafePointer<Job>) {
        switch height {
        case 15: run(Rows15<HalfRow>.self, job)
        case 16: run(Rows16<HalfRow>.self, job)
        case 17: run(Rows17<HalfRow>.self, job)
        case 18: run(Rows18<HalfRow>.self, job)
        case 19: run(Rows19<HalfRow>.self, job)
        case 20: run(Rows20<HalfRow>.self, job)
        case 21: run(Rows21<HalfRow>.self, job)
        case 22: run(Rows22<HalfRow>.self, job)
        case 23: run(Rows23<HalfRow>.self, job)
        case 24: run(Rows24<HalfRow>.self, job)
        case 25: run(Rows25<HalfRow>.self, job)
        case 26: run(Rows26<HalfRow>.self, job)
        case 27: run(Rows27<HalfRow>.self, job)
        default: run(Rows28<HalfRow>.self, job)
        }
    }

    /// Runs a tile of `kernelRows` x `taps` inputs, one vector wide. A kernel row's inputs are adjacent.
    ///
    /// - Returns: false where there is no such tile.
    @inline(__always)
    static func run(kernelRows: Int, taps: Int, _ job: UnsafePointer<Job>) -> Bool {
        switch taps {
        case 4: run(SideBySide<Rows4<HalfRow>>.self, kernelRows: kernelRows, job)
        case 5: run(SideBySide<Rows5<HalfRow>>.self, kernelRows: kernelRows, job)
        case 6: run(SideBySide<Rows6<HalfRow>>.self, kernelRows: kernelRows, job)
        case 7: run(SideBySide<Rows7<HalfRow>>.self, kernelRows: kernelRows, job)
        default: false
        }
    }

    @inline(__always)
    private static func run<R: Tile>(_ row: R.Type, kernelRows: Int, _ job: UnsafePointer<Job>) -> Bool {
        switch kernelRows {
        case 2: run(Rows2<R>.self, job)
        case 3: run(Rows3<R>.self, job)
        default: return false
        }
        return true
    }
}

/// The lanes of a vector.
@inline(__always) var lanes: Int { Vector.scalarCount }
/// The lanes of a tile.
@inline(__always) var tileLanes: Int { 2 * Vector.scalarCount }

@inline(__always)
func vector(_ memory: UnsafePointer<Float>) -> Vector {
    UnsafeRawPointer(memory).loadUnaligned(as: Vector.self)
}

@inline(__always)
func vector(_ memory: UnsafeMutablePointer<Float>) -> Vector {
    UnsafeRawPointer(memory).loadUnaligned(as: Vector.self)
}

@inline(__always)
func put(_ value: Vector, _ memory: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(memory).storeBytes(of: value, as: Vector.self)
}

@inline(__always)
func padded(_ channels: Int) -> Int { (channels + 15) & ~15 }

/// Returns the rows of the next of `tiles` tiles that share `remaining` rows evenly: no tile is much lower than the
/// others.
@inline(__always)
func nextHeight(_ remaining: Int, tiles: Int) -> Int { (remaining + tiles - 1) / tiles }

/// Calls `body` for the tiles of a range of lanes; the last tile may be one vector wide.
@inline(__always)
func forEachTile(_ range: Range<Int>, _ body: (_ lane: Int, _ isWide: Bool) -> Void) {
    var lane = range.lowerBound
    while lane < range.upperBound {
        let isWide = lane &+ tileLanes <= range.upperBound
        body(lane, isWide)
        lane &+= isWide ? tileLanes : lanes
    }
}

/// Returns the number of tiles that `count` lanes take.
@inline(__always)
func tileBlocks(_ count: Int) -> Int { (count &+ tileLanes &- 1) / tileLanes }

/// Returns the number of tiles that some rows take.
@inline(__always)
func tileCount(_ rows: Int) -> Int { tileCount(rows, height: tileRows) }

@inline(__always)
func tileCount(_ rows: Int, height: Int) -> Int { (rows + height - 1) / height }
