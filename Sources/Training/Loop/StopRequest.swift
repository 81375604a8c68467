import Glibc
import Synchronization
import Terminal

/// The first of the signals that asked this process to save its state and end; 0 before that.
private let firstSignal = Atomic<Int32>(0)

/// Signals that ask a run to save its state and end; a batch system sends them before it takes the machine away.
package enum StopRequest {
    /// Makes SIGUSR1 and SIGUSR2 such requests from now on; a second signal ends the process at once. A signal that was
    /// ignored when this process started, as SIGHUP under nohup, stays ignored.
    ///
    /// - Parameter isAlone: whether SIGTERM, SIGINT and SIGHUP are such requests too. Under mpirun they are not: it
    ///   handles them itself, and gives its ranks a second or two.
    package static func listen(isAlone: Bool) {
        // Initialises the global before the handler uses it.
        _ = firstSignal.load(ordering: .relaxed)
        var own = sigset_t()
        sigemptyset(&own)
        for number in [SIGUSR1, SIGUSR2] + (isAlone ? [SIGTERM, SIGINT, SIGHUP] : []) where !isIgnored(number) {
            var action = sigaction()
            // Few operations are allowed in a signal handler; these are all.
            action.__sigaction_handler.sa_handler = { number in
                let first = firstSignal.compareExchange(expected: 0, desired: number, ordering: .relaxed)
                if !first.exchanged { _exit(128 + number) }
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
            sigaddset(&own, number)
        }
        // The parent process may have blocked these signals, and processes inherit that.
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

/// The end of a run that was asked to save its state and end. All ranks know of it.
package struct RunStopped: Error, CustomStringConvertible, Sendable {
    package let description: String
}
