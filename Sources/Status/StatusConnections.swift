import NIOCore
import Synchronization

/// The open connections, of limited number: a new one replaces the oldest, so that idle clients do not keep others out.
final class StatusConnections: Sendable {
    private let limit: Int
    /// The oldest first.
    private let open = Mutex<[any Channel]>([])

    init(limit: Int) { self.limit = limit }

    func add(_ channel: any Channel) {
        let oldest = open.withLock { open in
            open.append(channel)
            return open.count > limit ? open.removeFirst() : nil
        }
        oldest?.close(promise: nil)
    }

    func remove(_ channel: any Channel) { open.withLock { $0.removeAll { $0 === channel } } }
}
