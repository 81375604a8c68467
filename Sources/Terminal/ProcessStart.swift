import Glibc
import Synchronization

/// The signals by which the system ends a process that writes without a reader (SIGPIPE) or beyond a file's size limit
/// (SIGXFSZ). They are ignored, so that the call fails instead.
package enum WriteSignals {
    private static let all = [SIGPIPE, SIGXFSZ]
    /// The signals that were not ignored before.
    private static let taken = Mutex<[Int32]>([])

    /// The signals that are ignored now and were not before.
    package static var ignored: [Int32] { taken.withLock { $0 } }

    /// Ignores them from now on.
    package static func ignore() {
        for number in all where !isIgnored(number) {
            signal(number, SIG_IGN)
            taken.withLock { $0.append(number) }
        }
    }

    /// Restores the signals' effect, for a program that this process becomes.
    package static func restore() {
        taken.withLock { numbers in
            for number in numbers { signal(number, SIG_DFL) }
            numbers = []
        }
    }
}

/// Whether this process ignores a signal. Where the process that started it did so, as nohup and `trap "" INT` do, it
/// shall stay so.
package func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}

/// Occupies standard streams that were closed when the process started, so that no file which it opens takes their
/// number and gets their text. To read and to write them fails as before.
package func occupyClosedStreams() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
        // The lowest number that is free, which is this one.
        _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
}
