import Foundation

/// The heartbeats that a watchdog has received: rank 0 listens to all, the others to rank 0.
///
/// Ranks do not begin at the same time: until all have begun, only a rank that has been heard can fall silent. Times
/// count the seconds for which the process was awake.
struct Heartbeat {
    private let rank: Int
    private let size: Int
    private var lastSent = -Double.infinity
    private var heard: [Int: (host: String, time: Double)] = [:]
    /// The number of ranks that the last look found silent.
    private(set) var silentRanks = 0

    /// The number of beats sent in the time after which a rank counts as silent.
    private static let beats = 4.0

    init(rank: Int, size: Int) {
        self.rank = rank
        self.size = size
    }

    /// The ranks that listen to this one.
    var listeners: Range<Int> { rank == 0 ? 1..<size : 0..<1 }

    mutating func heard(_ sender: Int, host: String, at time: Double) { heard[sender] = (host, time) }

    /// Looks for a silent rank.
    ///
    /// - Parameters:
    ///   - period: the seconds after which a rank counts as silent; nil for never.
    ///   - haveAllBegun: whether all ranks send heartbeats by now.
    /// - Returns: an error that names the lowest silent rank, and whether this rank is to send a beat now.
    mutating func look(
        at time: Double, every period: Double?, haveAllBegun: Bool
    ) -> (silent: CollectiveError?, isDue: Bool) {
        guard let period, size > 1 else { return (nil, false) }
        // The ranks that listen to this one are those that it hears.
        if haveAllBegun { for other in listeners where heard[other] == nil { heard[other] = ("", time) } }
        let isDue = time - lastSent >= period / Self.beats
        if isDue { lastSent = time }
        let silent = heard.filter { time - $0.value.time > period }
        silentRanks = silent.count
        let lowest = silent.min { $0.key < $1.key }
        return (lowest.map { .silent(rank: $0.key, ranks: size, host: $0.value.host, seconds: period) }, isDue)
    }
}
