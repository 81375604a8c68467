/// The control channel: small messages between ranks, whose sender and receiver wait for nothing. Watchdogs talk over
/// it while collectives hang. For use by one thread.
protocol ControlChannel: Sendable {
    var rank: Int { get }
    var size: Int { get }

    /// Begins to send a message of at most some kilobytes, without waiting for its arrival.
    func send(_ bytes: [UInt8], to partner: Int) throws(CollectiveError)

    /// Returns the next message that has arrived; nil where there is none.
    func next() throws(CollectiveError) -> (sender: Int, bytes: [UInt8])?
}
