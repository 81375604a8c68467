import Glibc

/// The low priority of threads that must not disturb computing ones.
package enum BackgroundPriority {
    /// The value for nice(2): such a thread gets a small part of a core that others use, and all of an unused one.
    private static let niceness: Int32 = 19

    /// Gives the low priority to the calling thread, and to threads that it starts. On Linux each thread has a niceness
    /// of its own.
    package static func takeForThisThread() {
        // 0 is the calling thread here. A refusal changes nothing but speed.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
    }
}
