// The fixed binary tree of sums over ranks.
//
// P is the largest power of two that is not above the number of ranks. Ranks from P on send their numbers to rank
// r - P, which adds them first, and receive the sum at the end. The others exchange numbers:
// - small messages: recursive doubling, log2 P exchanges of all numbers;
// - large ones: reduce-scatter by recursive halving, then all-gather by recursive doubling (Rabenseifner, "Optimization
//   of Collective Reduction Operations", ICCS 2004).
// In both, rank r adds the numbers of rank r ^ P/2, then of r ^ P/4, … r ^ 1: each number takes the same path through
// the same tree. As a + b = b + a in IEEE 754, the bits do not depend on whether one partner adds, the other, or both.

/// The steps of one rank for a sum of `count` numbers over `ranks`.
struct SumTree {
    let rank: Int
    let ranks: Int
    let count: Int
    let sharing: Sharing

    /// The way in which ranks share the additions.
    enum Sharing {
        /// All ranks add all numbers: the shortest chain of dependent messages.
        case none
        /// The upper half of the ranks sends its numbers to the lower half, which adds, and waits for the sums: the
        /// fewest messages in all. Pays where a pair takes turns on a core, so that one waits for the other anyway, or
        /// where only a pair shares a machine.
        case pairs
        /// Each rank adds its part of the numbers: the fewest bytes.
        case all
    }

    /// One send and receive: a range goes to the partner while another comes in.
    struct Exchange {
        var partner: Int
        var send: Range<Int>
        var receive: Range<Int>
        /// Whether the numbers that come in are added to those in place; otherwise they replace them.
        var adds: Bool
    }

    enum Step {
        case exchange(Exchange)
        /// This range of the sum is final on this rank; the remaining steps only distribute it.
        case finish(Range<Int>)
    }

    /// Calls `body` with each step, in order. Ranks from `core` on send their numbers to rank - core, and receive the
    /// result. `core` is the largest power of two that is not above `ranks`, and with `.pairs` half of that where it
    /// would be `ranks`.
    func run(_ body: (Step) throws(CollectiveError) -> Void) throws(CollectiveError) {
        var core = 1 << (Int.bitWidth - 1 - ranks.leadingZeroBitCount)
        if sharing == .pairs, core == ranks { core /= 2 }
        let (all, none) = (0..<count, 0..<0)
        if rank >= core {
            try body(.exchange(Exchange(partner: rank - core, send: all, receive: none, adds: true)))
            try body(.exchange(Exchange(partner: rank - core, send: none, receive: all, adds: false)))
            return
        }
        let folded = rank + core < ranks ? rank + core : nil
        if let folded { try body(.exchange(Exchange(partner: folded, send: none, receive: all, adds: true))) }
        if sharing == .all {
            try runHalving(core, body)
        } else {
            var distance = core / 2
            while distance > 0 {
                try body(.exchange(Exchange(partner: rank ^ distance, send: all, receive: all, adds: true)))
                distance /= 2
            }
            try body(.finish(all))
        }
        if let folded { try body(.exchange(Exchange(partner: folded, send: all, receive: none, adds: false))) }
    }

    /// Sums by halves: on the way down each pair halves its range and sums its own half; on the way up the halves are
    /// exchanged back.
    private func runHalving(
        _ core: Int, _ body: (Step) throws(CollectiveError) -> Void
    ) throws(CollectiveError) {
        var distance = core / 2
        var held = 0..<count
        while distance > 0 {
            let (own, other) = parts(of: held, at: distance)
            try body(.exchange(Exchange(partner: rank ^ distance, send: other, receive: own, adds: true)))
            held = own
            distance /= 2
        }
        try body(.finish(held))
        distance = 1
        while distance < core {
            // Computes the range that was halved at this distance again from the top, instead of keeping a list.
            var whole = 0..<count
            var halving = core / 2
            while halving > distance {
                whole = parts(of: whole, at: halving).own
                halving /= 2
            }
            let (own, other) = parts(of: whole, at: distance)
            try body(.exchange(Exchange(partner: rank ^ distance, send: own, receive: other, adds: false)))
            distance *= 2
        }
    }

    /// Cuts a range in two; the upper half, the longer one where they differ, belongs to the upper partner.
    private func parts(of range: Range<Int>, at distance: Int) -> (own: Range<Int>, other: Range<Int>) {
        let middle = range.lowerBound + range.count / 2
        let lower = range.lowerBound..<middle
        let upper = middle..<range.upperBound
        return rank & distance == 0 ? (lower, upper) : (upper, lower)
    }
}
