import CMPI

/// The control channel over an MPI communicator of its own.
///
/// Unchecked: the handle is a pointer that never changes.
struct MPIControlChannel: ControlChannel, @unchecked Sendable {
    let handle: MPI_Comm
    let rank: Int
    let size: Int

    func send(_ bytes: [UInt8], to partner: Int) throws(CollectiveError) {
        try check(cmpi_post(handle, bytes, Int32(bytes.count), Int32(partner)), "MPI_Isend", rank: rank)
    }

    func next() throws(CollectiveError) -> (sender: Int, bytes: [UInt8])? {
        var (isThere, sender, count): (Int32, Int32, Int32) = (0, 0, 0)
        try check(cmpi_probe(handle, &isThere, &sender, &count), "MPI_Iprobe", rank: rank)
        guard isThere != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(count))
        try check(cmpi_take(handle, &bytes, count, sender), "MPI_Recv", rank: rank)
        return (Int(sender), bytes)
    }
}
