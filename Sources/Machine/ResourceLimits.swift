#if canImport(Glibc)
    internal import Glibc
#endif

/// Bytes that a file may have which this process writes (`ulimit -f`); nil where nothing limits them.
package var longestFile: Int? { softLimit(RLIMIT_FSIZE) }

/// Files, connections and the like that this process may have open at once; nil for any number.
package var mostOpenFiles: Int? { softLimit(RLIMIT_NOFILE) }

/// Returns the soft limit of a resource; nil for none.
func softLimit(_ resource: __rlimit_resource) -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
    // RLIM_INFINITY is the largest number.
    return limit.rlim_cur > rlim_t(Int.max) ? nil : Int(limit.rlim_cur)
}
