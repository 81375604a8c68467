import Foundation

/// The heartbeats that a watchdog has received: rank 0 listens to all, the others to rank 0.
///
/// Ranks do not begin at once: until all are known to have begun, only a rank that has been heard can fall silent.
/// Times are those for which the process was awake.
struct Heartbeat {
    private let rank: Int
    private let size: Int
    private var lastSent = -Double.infinity
    private var heard: [Int: (host: String, time: Double)] = [:]
    /// The number of ranks that were silent at the last look.
    private(set) var silentRanks = 0

    /// Beats in the time after which a rank counts as silent.
    private static let beats = 4.0

    init(rank: Int, size: Int) {
        self.rank = rank
        self.size = size
    }

    /// Ranks that want to hear this one.
    var listeners: Range<Int> { rank == 0 ? 1..<size : 0..<1 }

    mutating func heard(_ sender: Int, host: String, at time: Double) { heard[sender] = (host, time) }

    /// - Parameters:
    ///   - period: seconds after which a rank counts as silent; nil for never.
    ///   - haveAllBegun: whether all ranks beat by now.
    /// - Returns: the lowest rank that does, and whether it is time to send a beat.
    mutating func look(
        at time: Double, every period: Double?, haveAllBegun: Bool
    ) -> (silent: CollectiveError?, isDue: Bool) {
        guard let period, size > 1 else { return (nil, false) }
        // Whom this rank tells is who tells it.
        if haveAllBegun { for other in listeners where heard[other] == nil { heard[other] = ("", time) } }
        let isDue = time - lastSent >= period / Self.beats
        if isDue { lastSent = time }
        let silent = heard.filter { time - $0.value.time > period }
        silentRanks = silent.count
        let lowest = silent.min { $0.key < $1.key }
        return (lowest.map { .silent(rank: $0.key, ranks: size, host: $0.value.host, seconds: period) }, isDue)
    }
}
