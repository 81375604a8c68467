/// The control channel: small messages between ranks, for which nothing waits. Watchdogs talk by it while collectives
/// hang. For one thread.
protocol ControlChannel: Sendable {
    var rank: Int { get }
    var size: Int { get }

    /// Sends a message of at most some kilobytes on its way, and does not wait for it to be read.
    func send(_ bytes: [UInt8], to partner: Int) throws(CollectiveError)

    /// The next message that is there, if there is one.
    func next() throws(CollectiveError) -> (sender: Int, bytes: [UInt8])?
}
