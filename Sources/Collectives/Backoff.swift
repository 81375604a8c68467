import Glibc

/// The back-off of a rank that waits for another: it polls, then yields its core to other threads, then sleeps for a
/// fraction of the wait so far. Otherwise it could hold the core that the other rank needs: ranks may outnumber cores,
/// and a communicating thread may share its core with a computing one.
struct Backoff {
    /// A back-off policy: the times at which a wait goes from one stage to the next, in nanoseconds since it began.
    struct Policy {
        /// The number of polls before the first look at the clock, which takes as long as a poll.
        let polls: Int
        /// The end of plain polling: a partner that is as far as this rank answers within this time.
        let spin: UInt64
        /// The end of polling that yields in between; after it, the rank sleeps between polls.
        let yield: UInt64
        /// The longest poll that counts as waiting. One that took longer has moved numbers, so the wait begins anew
        /// after it.
        let longestIdlePoll: UInt64

        /// The policy of a thread that has a core to itself: falling asleep and waking take longer than most waits.
        static let eager = Policy(polls: 64, spin: 20_000, yield: 1_000_000, longestIdlePoll: 10_000)
        /// The policy where ranks outnumber cores: the awaited rank may need this core, so there is no plain polling.
        /// Open MPI already yields in each poll that finds nothing; a second yield between polls would leave half of
        /// this rank's time slices unused.
        static let crowded = Policy(polls: 64, spin: 0, yield: 1_000_000, longestIdlePoll: 10_000)
        /// The policy of a thread that shares its core with a computing one. A long poll mostly means that the other
        /// computed.
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

    /// Waits for as long as the policy says; call it between polls.
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
