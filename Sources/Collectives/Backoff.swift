import Glibc

/// The wait of a rank for another by a back-off policy: it polls, then lets other threads run, then sleeps for a part
/// of the wait so far. So it does not take the core that the other needs. Ranks may outnumber the cores, and a
/// communicating thread may share its core with a computing one.
struct Backoff {
    /// A back-off policy: the times at which a wait goes from one stage to the next, in nanoseconds since it began.
    struct Policy {
        /// Polls before the clock is looked at for the first time: it takes as long as a poll.
        let polls: Int
        /// Plain polling: a partner that is as far as we are answers within this.
        let spin: UInt64
        /// Polling that lets others run in between; then sleep.
        let yield: UInt64
        /// A poll that took longer has moved numbers, as receivers do by themselves: the wait begins behind it.
        let longestIdlePoll: UInt64

        /// The policy of a thread that has nothing else to do: falling asleep and waking take longer than most waits.
        static let eager = Policy(polls: 64, spin: 20_000, yield: 1_000_000, longestIdlePoll: 10_000)
        /// The policy where ranks outnumber cores: as `eager`, but the rank that is waited for may need this core. Open
        /// MPI knows of that, and yields in each poll that finds nothing. To yield once more between polls would leave
        /// half of this rank's time slices unused.
        static let crowded = Policy(polls: 64, spin: 0, yield: 1_000_000, longestIdlePoll: 10_000)
        /// The policy of a thread that shares its core with one that computes, which is mostly the reason for a long
        /// poll.
        static let polite = Policy(polls: 0, spin: 0, yield: 100_000, longestIdlePoll: .max)
    }

    private let policy: Policy
    private var polls = 0
    /// The times at which the wait and the last poll began; 0 before the clock was first looked at.
    private var (start, pollStart) = (UInt64(0), UInt64(0))

    private static let longestSleep: UInt64 = 200_000

    init(_ policy: Policy) {
        self.policy = policy
    }

    /// Waits as long as the policy says; to be called between polls.
    mutating func pause() {
        guard polls >= policy.polls else {
            polls += 1
            return
        }
        let now = Self.now()
        if start == 0 || now - pollStart > policy.longestIdlePoll { start = now }
        defer { pollStart = Self.now() }
        let waited = now - start
        if waited < policy.spin { return }
        if waited < policy.yield {
            sched_yield()
        } else {
            // An eighth of the wait so far: late by 12 % at worst.
            var duration = timespec(tv_sec: 0, tv_nsec: Int(Swift.min(waited / 8, Self.longestSleep)))
            nanosleep(&duration, nil)
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
