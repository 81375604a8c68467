import Glibc
import Synchronization

/// Standard output or standard error, which may be full, closed, or without a reader. None of that ends the process.
package final class StandardStream: Sendable {
    package static let output = StandardStream(descriptor: STDOUT_FILENO)
    package static let error = StandardStream(descriptor: STDERR_FILENO)

    private let descriptor: Int32
    /// Whether the stream's reader is gone. Its lock is held while a text is being written, so that texts of several
    /// threads do not mix.
    private let isGone = Mutex(false)

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Writes all of a text, its control characters made visible except for line ends and tabs.
    ///
    /// - Throws: why it could not be written. Once a reader has gone, nothing more is tried; a disk that was full may
    ///   have space by the next time.
    package func write(_ text: String) throws(StreamFailure) {
        let bytes = Array(text.visible(keeping: ["\n", "\t"]).utf8)
        let code = isTerminal ? LiveLine.shared.lifting { write(bytes) } : write(bytes)
        if code != 0 { throw StreamFailure(code: code) }
    }

    /// Returns the error number of a call that failed, or 0.
    private func write(_ bytes: [UInt8]) -> Int32 {
        isGone.withLock { isGone in
            guard !isGone else { return EPIPE }
            let code = Self.write(bytes, to: descriptor)
            isGone = code == EPIPE
            return code
        }
    }

    /// Whether a person sees it.
    package var isTerminal: Bool { isatty(descriptor) == 1 }

    /// Returns the error number of a call that failed, or 0.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0 && errno == EAGAIN {
                // Whoever gave us this pipe has set it not to wait.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if count == 0 || errno != EINTR {
                return count == 0 ? EIO : errno
            }
        }
        return 0
    }
}

/// The reason for which a standard stream takes no more text.
package struct StreamFailure: Error, Equatable, Sendable {
    package let code: Int32

    /// Whether a reader has left, as `head` does when it has read enough.
    package var isReaderGone: Bool { code == EPIPE }
}

extension StreamFailure: CustomStringConvertible {
    package var description: String { isReaderGone ? "its reader has gone" : systemReason(code) }
}

/// Returns the system's words for an error number: `No space left on device`.
package func systemReason(_ code: Int32) -> String { String(cString: strerror(code)) }
