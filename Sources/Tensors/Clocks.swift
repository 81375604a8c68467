#if canImport(Glibc)
    internal import Glibc
#endif

/// Returns the seconds on a clock that is never set (CLOCK_MONOTONIC), for differences on one machine. Takes some tens
/// of nanoseconds.
package func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Returns the processor time of the calling thread so far, in seconds.
package func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
