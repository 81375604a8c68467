import Glibc

/// Waiting for several descriptors at once.
enum Descriptors {
    /// Waits at most `seconds`, and returns the descriptors that can be read or have ended.
    static func ready(among descriptors: [Int32], within seconds: Double) -> Set<Int32> {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // Rounded up: a wait that ends too early would be repeated again and again.
        let milliseconds = Int32((max(0, min(seconds, 3600)) * 1000).rounded(.up))
        let count = poll(&polled, nfds_t(polled.count), milliseconds)
        guard count > 0 else { return [] }
        return Set(polled.filter { $0.revents != 0 }.map(\.fd))
    }

    /// Reads the bytes that have arrived; returns none at the end, nil where none have arrived yet.
    static func read(_ descriptor: Int32, atMost limit: Int = 1 << 14) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 { return errno == EAGAIN || errno == EINTR ? nil : [] }
        return Array(bytes[..<count])
    }

    /// Makes calls on a descriptor fail instead of waiting.
    static func doNotWait(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
}
