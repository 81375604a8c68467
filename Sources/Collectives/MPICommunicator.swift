import CMPI
import Glibc

/// All processes that `mpirun` started, or one process alone where it did not.
///
/// Waiting is ours (`Backoff`): Open MPI's own blocking calls poll without pause.
/// Unchecked: `scratch` and the MPI calls are covered by the contract that a rank makes one call at a time.
package final class MPICommunicator: PointToPoint, @unchecked Sendable {
    package let rank: Int
    package let size: Int
    package let localRank: Int
    package let localSize: Int
    package var scratch = ReceiveScratch()

    private let handle: MPI_Comm
    private let spin: UInt64

    /// Starts MPI. Once in a process.
    ///
    /// - Throws: `CollectiveError.mpi`, or `.threadLevel` where MPI allows calls from one thread only.
    package init() throws(CollectiveError) {
        var level: Int32 = 0
        try check(cmpi_init(&level), "MPI_Init_thread", rank: 0)
        guard cmpi_is_serialized(level) != 0 else { throw CollectiveError.threadLevel(found: Int(level)) }

        var opened: MPI_Comm?
        var (rank, size, localRank, localSize): (Int32, Int32, Int32, Int32) = (0, 1, 0, 1)
        try check(cmpi_open(&opened, &rank, &size), "MPI_Comm_dup", rank: 0)
        guard let handle = opened else { preconditionFailure("MPI_Comm_dup succeeded without a communicator") }
        try check(cmpi_local(handle, &localRank, &localSize), "MPI_Comm_split_type", rank: Int(rank))
        self.handle = handle
        self.rank = Int(rank)
        self.size = Int(size)
        self.localRank = Int(localRank)
        self.localSize = Int(localSize)
        self.spin = Int(localSize) <= sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? Backoff.usualSpin : 0
    }

    package func exchange(
        send outgoing: RawSpan, receive incoming: inout MutableRawSpan, with partner: Int
    ) throws(CollectiveError) {
        let expected = incoming.byteCount
        var received: Int32 = 0
        // The spans' memory stays put until the exchange is done, and that is before these closures return.
        let (call, code) = outgoing.withUnsafeBytes { source in
            incoming.withUnsafeMutableBytes { target in
                exchangeAndWait(source, target, partner: Int32(partner), &received)
            }
        }
        try check(code, call, rank: rank)
        guard received == expected else {
            throw .outOfStep(rank: rank, partner: partner, expectedBytes: expected, foundBytes: Int(received))
        }
    }

    /// - Returns: The last call made and MPI's code for it.
    private func exchangeAndWait(
        _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, partner: Int32,
        _ received: inout Int32
    ) -> (call: String, code: Int32) {
        var exchange = cmpi_exchange()
        let code = cmpi_exchange_begin(
            handle, source.baseAddress, Int32(source.count), target.baseAddress, Int32(target.count), partner,
            &exchange)
        guard code == MPI_SUCCESS else { return ("MPI_Isend", code) }
        let backoff = Backoff(spin: spin)
        while true {
            var isDone: Int32 = 0
            let code = cmpi_exchange_test(&exchange, &isDone, &received)
            if code != MPI_SUCCESS || isDone != 0 { return ("MPI_Testall", code) }
            backoff.pause()
        }
    }

    /// Ends MPI on this process, once all ranks are here. No call may follow.
    func finish() throws(CollectiveError) {
        try barrier()
        try check(cmpi_finish(handle), "MPI_Finalize", rank: rank)
    }

    /// Ends the job on all ranks with `code`, whatever they are doing. May be called from any thread.
    func abort(code: Int32) -> Never {
        _ = cmpi_abort(code)
        exit(code)
    }
}

/// Turns a code that is not success into an error with MPI's own words for it.
private func check(_ code: Int32, _ call: String, rank: Int) throws(CollectiveError) {
    guard code != MPI_SUCCESS else { return }
    var text = [CChar](repeating: 0, count: Int(cmpi_message_capacity))
    var length: Int32 = 0
    let described = cmpi_message(code, &text, &length)
    let message =
        described == MPI_SUCCESS
        ? String(decoding: text.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        : "an unknown error"
    throw .mpi(call: call, code: Int(code), message: message, rank: rank)
}
