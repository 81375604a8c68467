import Glibc

/// The low priority of threads that give way to those that compute.
package enum BackgroundPriority {
    /// nice(2)'s value: a thread with it gets a small part of a core that others want, and all of one that nobody
    /// wants.
    private static let niceness: Int32 = 19

    /// Gives the calling thread, and those that it starts, the low priority. On Linux a thread has a niceness of its
    /// own.
    package static func takeForThisThread() {
        // 0 is the calling thread here. A refusal changes nothing but speed.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
    }
}
