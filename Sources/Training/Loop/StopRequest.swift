import Glibc
import Synchronization
import Terminal

/// The first of the signals that ask this process to save its state and leave; 0 as long as none came.
private let firstSignal = Atomic<Int32>(0)

/// Signals that ask a run to save its state and leave: what a batch system sends before it takes the machine away.
package enum StopRequest {
    /// The process's exit code after that: try again later. (sysexits.h: EX_TEMPFAIL)
    package static let exitCode: Int32 = 75

    /// From now on SIGUSR1 and SIGUSR2 ask for it; a second signal ends the process at once. A signal that whoever
    /// started this process has had ignored, as nohup does with SIGHUP, stays ignored.
    ///
    /// - Parameter isAlone: whether SIGTERM, SIGINT and SIGHUP are this process's own to answer. mpirun answers them
    ///   itself: it gives its ranks a second or two.
    package static func listen(isAlone: Bool) {
        // The handler must find it initialised.
        _ = firstSignal.load(ordering: .relaxed)
        var own = sigset_t()
        sigemptyset(&own)
        for number in [SIGUSR1, SIGUSR2] + (isAlone ? [SIGTERM, SIGINT, SIGHUP] : []) where !isIgnored(number) {
            var action = sigaction()
            // A handler may do little; this is all it does.
            action.__sigaction_handler.sa_handler = { number in
                let first = firstSignal.compareExchange(expected: 0, desired: number, ordering: .relaxed)
                if !first.exchanged { _exit(128 + number) }
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
            sigaddset(&own, number)
        }
        // Whoever started this process may have blocked them, and processes inherit that.
        pthread_sigmask(SIG_UNBLOCK, &own, nil)
    }

    /// Whether a signal has come to this process.
    static var isReceived: Bool { firstSignal.load(ordering: .relaxed) != 0 }

    /// The name of the signal that came, for messages.
    static var name: String {
        switch firstSignal.load(ordering: .relaxed) {
        case SIGUSR1: "SIGUSR1"
        case SIGUSR2: "SIGUSR2"
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        default: "a signal to another rank"
        }
    }
}

/// A run that was asked to leave has done so. All ranks know of it.
package struct RunStopped: Error, CustomStringConvertible, Sendable {
    package let description: String
}
