/// The limit on the processor time of a thread: a share of its time in the mean, and a reserve for a while of work.
struct ProcessorBudget {
    /// The part of each second, of one core.
    let share: Double
    /// The most that can be spared, in seconds of processor time.
    let reserve: Double
    private var spared: Double
    private var lastUsed: Double
    private var lastTime: Double

    /// Begins with a full reserve.
    ///
    /// - Parameters:
    ///   - used: the processor time so far, in seconds.
    ///   - time: seconds of a clock that only grows.
    init(share: Double, reserve: Double, used: Double, time: Double) {
        self.share = share
        self.reserve = reserve
        spared = reserve
        lastUsed = used
        lastTime = time
    }

    /// Accounts for what has been used, and returns the seconds after which there is something to use again; 0 where
    /// there is now.
    mutating func wait(used: Double, time: Double) -> Double {
        spared = min(reserve, spared + share * (time - lastTime)) - (used - lastUsed)
        (lastUsed, lastTime) = (used, time)
        return max(0, -spared / share)
    }
}
