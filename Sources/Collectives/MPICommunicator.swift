import CMPI
import Glibc
package import Kernels
import Synchronization

/// The processes that `mpirun` started, or one process alone without it.
///
/// It waits by `Backoff`, as Open MPI's own blocking calls poll without pause. Unchecked: `scratch` and `underway` are
/// covered by the contract that each communicator makes one call at a time; the rest is immutable.
package final class MPICommunicator: PointToPoint, @unchecked Sendable {
    package var rank: Int { process.rank }
    package var size: Int { process.size }
    package var localRank: Int { process.localRank }
    package var localSize: Int { process.localSize }
    package var sumsInPairs: Bool { process.sumsInPairs }
    package var sumMessages: MessageLengths { process.sumMessages }
    package var recorder: FlightRecorder { process.recorder }
    package var second: any Communicator { secondCommunicator ?? self }
    package let line: FlightRecorder.Line
    package var scratch = ReceiveScratch()

    package var allReduce: AllReduce {
        get { process.allReduce.withLock(\.self) }
        set { process.allReduce.withLock { $0 = newValue } }
    }

    private let process: MPIProcess
    private let handle: MPI_Comm
    /// The handle for MPI's own sums.
    private let libraryHandle: MPI_Comm
    /// The send and receive that go on. It is allocated once, as short messages leave no time to clear its many parts.
    private let underway = UnsafeMutablePointer<cmpi_exchange>.allocate(capacity: 1)
    private let secondCommunicator: MPICommunicator?
    private let policy: Backoff.Policy

    /// Starts MPI. Once in a process.
    ///
    /// - Throws: `CollectiveError.mpi`, or `.threadLevel` where MPI allows calls from one thread only.
    package convenience init() throws(CollectiveError) {
        let process = try MPIProcess()
        let second = MPICommunicator(process, process.second, .second, secondCommunicator: nil)
        self.init(process, process.main, .main, secondCommunicator: second)
    }

    private init(
        _ process: MPIProcess, _ handles: MPIProcess.Handles, _ line: FlightRecorder.Line,
        secondCommunicator: MPICommunicator?
    ) {
        self.process = process
        handle = handles.dealt
        libraryHandle = handles.grouped
        self.line = line
        self.secondCommunicator = secondCommunicator
        policy = line == .second ? .polite : process.isCrowded ? .crowded : .eager
    }

    deinit { underway.deallocate() }

    /// The control channel for messages between watchdogs.
    var control: any ControlChannel { MPIControlChannel(handle: process.control, rank: rank, size: size) }

    package func exchange(
        send outgoing: RawSpan, receive incoming: inout MutableRawSpan, with partner: Int
    ) throws(CollectiveError) {
        let expected = incoming.byteCount
        // The spans' memory stays in place until these closures return, which is after the exchange.
        let (call, code) = outgoing.withUnsafeBytes { source in
            incoming.withUnsafeMutableBytes { target in
                exchangeAndWait(source, target, partner: Int32(partner))
            }
        }
        try check(code, call, rank: rank)
        let received = Int(underway.pointee.received)
        guard received == expected else {
            throw .outOfStep(rank: rank, partner: partner, expectedBytes: expected, foundBytes: received)
        }
    }

    /// - Returns: The last call made and MPI's code for it.
    private func exchangeAndWait(
        _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, partner: Int32
    ) -> (call: String, code: Int32) {
        let code = cmpi_exchange_begin(
            handle, source.baseAddress, Int32(source.count), target.baseAddress, Int32(target.count), partner,
            process.isFar(partner) ? 1 : 0, underway)
        guard code == MPI_SUCCESS else { return ("MPI_Isend", code) }
        var backoff = Backoff(policy)
        while true {
            var isDone: Int32 = 0
            let code = cmpi_exchange_test(underway, &isDone)
            if code != MPI_SUCCESS || isDone != 0 { return ("MPI_Test", code) }
            backoff.pause()
        }
    }

    package func librarySum<Number: Addend>(_ values: inout MutableSpan<Number>) throws(CollectiveError) -> Bool {
        guard allReduce == .mpi else { return false }
        let count = values.count
        let isDouble: Int32 = Number.self == Double.self ? 1 : 0
        var bytes = values.mutableBytes
        let code = bytes.withUnsafeMutableBytes { cmpi_sum(libraryHandle, $0.baseAddress, Int32(count), isDouble) }
        try check(code, "MPI_Allreduce", rank: rank)
        return true
    }

    /// Ends MPI on this process, once all ranks have called `barrier` before it. No call may follow.
    func finish() throws(CollectiveError) {
        for handle in process.handles { try check(cmpi_close(handle), "MPI_Comm_free", rank: rank) }
        try check(cmpi_finish(), "MPI_Finalize", rank: rank)
    }

    /// Ends the job on all ranks with `code`, whatever they are doing. May be called from any thread.
    func abort(code: Int32) -> Never {
        _ = cmpi_abort(code)
        exit(code)
    }
}

/// The state that the communicators of one process share.
///
/// Unchecked: MPI's handles are pointers that never change.
private final class MPIProcess: @unchecked Sendable {
    let rank: Int
    let size: Int
    let localRank: Int
    let localSize: Int
    /// Whether this machine has more ranks than cores.
    let isCrowded: Bool
    let sumsInPairs: Bool
    let sumMessages: MessageLengths
    let main: Handles
    let second: Handles
    let control: MPI_Comm
    let recorder = FlightRecorder()
    let allReduce = Mutex(AllReduce.tree)
    /// The machine of each rank, as the number of a rank on it: the same for all ranks of a machine.
    private let machines: [Int32]

    /// The two MPI communicators behind one `MPICommunicator`, apart from all others.
    struct Handles {
        /// Ranks dealt out over the machines: the first of each machine, then the second of each, … The tree's long
        /// messages go to distant rank numbers, which are then on the same machine. Each machine sends its part of a
        /// sum to others only once.
        let dealt: MPI_Comm
        /// Ranks machine by machine, as MPI's sums send their long messages to the next rank.
        let grouped: MPI_Comm
    }

    var handles: [MPI_Comm] { [main.dealt, main.grouped, second.dealt, second.grouped, control] }

    init() throws(CollectiveError) {
        var level: Int32 = 0
        try check(cmpi_init(&level), "MPI_Init_thread", rank: 0)
        guard cmpi_is_multiple(level) != 0 else { throw CollectiveError.threadLevel(found: Int(level)) }
        var (rank, size, localRank, localSize): (Int32, Int32, Int32, Int32) = (0, 1, 0, 1)
        var first: Int32 = 0
        try check(cmpi_local(&localRank, &localSize, &first), "MPI_Comm_split_type", rank: 0)
        main = Handles(dealt: try Self.open(key: localRank), grouped: try Self.open(key: first))
        second = Handles(dealt: try Self.open(key: localRank), grouped: try Self.open(key: first))
        control = try Self.open(key: localRank)
        try check(cmpi_ranks(main.dealt, &rank, &size), "MPI_Comm_rank", rank: 0)
        isCrowded = Int(localSize) > sysconf(Int32(_SC_NPROCESSORS_ONLN))
        let machines = try Self.tell(first, main.dealt, size: size)
        let someAreCrowded = try Self.tell(isCrowded ? 1 : 0, main.dealt, size: size).contains(1)
        let pairsAreNear = zip(machines, machines.dropFirst(machines.count / 2)).allSatisfy { $0 == $1 }
        sumsInPairs = someAreCrowded || (pairsAreNear && Set(machines).count > 1)
        sumMessages = someAreCrowded ? .crowded : .usual
        self.machines = machines
        self.rank = Int(rank)
        self.size = Int(size)
        self.localRank = Int(localRank)
        self.localSize = Int(localSize)
    }

    /// Whether a rank is on another machine.
    func isFar(_ partner: Int32) -> Bool {
        machines.indices.contains(Int(partner)) && machines[Int(partner)] != machines[rank]
    }

    /// Gathers one number of each rank on all ranks.
    private static func tell(_ own: Int32, _ handle: MPI_Comm, size: Int32) throws(CollectiveError) -> [Int32] {
        var ofRanks = [Int32](repeating: 0, count: Int(size))
        try check(cmpi_tell(handle, own, &ofRanks), "MPI_Allgather", rank: 0)
        return ofRanks
    }

    /// Makes an MPI communicator over all processes, ranked by `key` and then by the order of their start.
    private static func open(key: Int32) throws(CollectiveError) -> MPI_Comm {
        var opened: MPI_Comm?
        try check(cmpi_open(key, &opened), "MPI_Comm_split", rank: 0)
        guard let opened else { preconditionFailure("MPI_Comm_split succeeded without a communicator") }
        return opened
    }
}

/// Turns a code that is not success into an error with MPI's own words for it.
func check(_ code: Int32, _ call: String, rank: Int) throws(CollectiveError) {
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
