package import Machine

/// The errors between ranks.
package enum CollectiveError: Error, Equatable, Sendable {
    /// MPI refused a call: the function's name, its code, MPI's own words for it, and the rank that called.
    case mpi(call: String, code: Int, message: String, rank: Int)
    /// Fewer files than MPI needs may be open at once.
    case tooFewFiles(found: Int, needed: Int)
    /// Open MPI cannot make the folder for its files of a running job.
    case noSessionFolder(path: String, reason: String)
    /// The MPI library grants too low a thread level.
    case threadLevel(found: Int)
    /// A partner's message has another size than this rank expects: the ranks are at different points of the program.
    case outOfStep(rank: Int, partner: Int, expectedBytes: Int, foundBytes: Int)
    /// Ranks waited for others longer than allowed.
    case timedOut(CollectiveTimeout)
    /// A rank's watchdog has not been heard for `seconds`; `host` is empty where it never was.
    case silent(rank: Int, ranks: Int, host: String, seconds: Double)
    /// Another rank of an in-process group has failed, so this one would wait for ever.
    case peerFailed(rank: Int, failed: Int)
    /// The system refuses a thread for work beside the computation.
    case thread(ThreadError)
}

extension CollectiveError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .mpi(let call, let code, let message, let rank):
            "\(call) failed on rank \(rank) with code \(code): \(message). See that all ranks run the same program "
                + "with the same Open MPI, and that the machines can reach each other."
        case .tooFewFiles(let found, let needed):
            "only \(found) files may be open at once, but MPI needs \(needed): "
                + "raise the limit with `ulimit -n \(needed)` or more."
        case .noSessionFolder(let path, let reason):
            "Open MPI cannot make its folder in \(path): \(reason). Set TMPDIR to a folder that can be written."
        case .threadLevel(let found):
            "MPI grants thread level \(found), but calls from several threads at once are needed "
                + "(MPI_THREAD_MULTIPLE). Install an MPI built with thread support, such as Debian's libopenmpi-dev."
        case .outOfStep(let rank, let partner, let expected, let found):
            "rank \(rank) expected \(expected) bytes from rank \(partner) and got \(found): the ranks are out of step. "
                + "Start all ranks with the same program and the same flags."
        case .timedOut(let timeout):
            "\(timeout)"
        case .silent(let rank, let ranks, let host, let seconds):
            "rank \(rank)/\(ranks)\(host.isEmpty ? "" : " on \(host)") has not been heard of for "
                + "\(seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)") s: it is stopped, or its machine "
                + "cannot be reached. --resume goes on without that machine; where nothing is wrong, raise --heartbeat"
        case .peerFailed(let rank, let failed):
            "rank \(rank) waits for others, but rank \(failed) has failed; that rank's error says why."
        case .thread(let error):
            "\(error)"
        }
    }
}

extension CollectiveError: ErrorWithStatus {
    package var exitStatus: Int32 {
        switch self {
        case .timedOut, .silent: ExitStatus.collectiveTimeout
        default: ExitStatus.failure
        }
    }
}
