#if canImport(Glibc)
    internal import Glibc
#endif

/// Seconds on a clock that nobody sets (CLOCK_MONOTONIC): of use for differences on one machine. Reading it takes some
/// tens of nanoseconds.
package func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
