/// A status server that cannot be had.
package enum StatusError: Error, Equatable, Sendable {
    case portTaken(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)
}

extension StatusError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .portTaken(let host, let port):
            "the status page cannot be at \(host):\(port): another program listens there. Say another --status-port, "
                + "or 0 for one that is free"
        case .cannotListen(let host, let port, let reason):
            "the status page cannot be at \(host):\(port): \(reason). Expected: --status-host, a name or address of "
                + "this machine, and --status-port, which only root may choose below 1024"
        }
    }
}
