import Glibc

/// How to wait for another rank without taking the core it needs: poll, then let others run, then sleep for a part of
/// what the wait has taken so far. Ranks may outnumber the cores, and a communicating thread may share its core with a
/// computing one.
struct Backoff {
    /// Nanoseconds of plain polling: a partner that is as far as we are answers within this.
    private let spin: UInt64
    private let start: UInt64

    /// Nanoseconds of polling where every rank has a core.
    static let usualSpin: UInt64 = 20_000
    private static let shortestSleep: UInt64 = 20_000
    private static let longestSleep: UInt64 = 200_000

    /// - Parameter spin: Nanoseconds of plain polling; 0 where ranks outnumber cores.
    init(spin: UInt64) {
        self.spin = spin
        self.start = Self.now()
    }

    /// To be called between polls.
    func pause() {
        let waited = Self.now() - start
        if waited < spin { return }
        // An eighth of the wait so far: late by 12 % at worst.
        let sleep = Swift.min(waited / 8, Self.longestSleep)
        if sleep < Self.shortestSleep {
            sched_yield()
        } else {
            var duration = timespec(tv_sec: 0, tv_nsec: Int(sleep))
            nanosleep(&duration, nil)
        }
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
