import Foundation
import Glibc

/// A TCP connection to a port of this machine, over which any bytes can be sent.
public final class RawConnection {
    private let socket: Int32

    /// nil where no process listens.
    ///
    /// - Parameter receiveBuffer: bytes that the system keeps until they are read; nil for the default.
    public init?(port: Int, receiveBuffer: Int32? = nil) {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(socket)
            return nil
        }
    }

    deinit { close(socket) }

    /// Sends as much as the other side takes at once; returns false where it has closed the connection.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        } >= 0
    }

    @discardableResult
    public func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// Ends the sending direction.
    public func finishSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// Returns all bytes until the other side closes, for at most half a minute.
    public func readToEnd() -> [UInt8] {
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(socket, &part, part.count, 0), count > 0 { all += part[..<count] }
        return all
    }
}

/// A response with its bytes as they came.
public struct RawResponse {
    public let code: Int
    /// The header fields, by name in lower case.
    public let fields: [String: String]
    public let body: [UInt8]

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// nil for bytes that are not a response.
    public init?(_ bytes: [UInt8]) {
        let all = Data(bytes)
        guard let end = all.range(of: Data("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: all[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else { return nil }
        self.code = code
        fields = Dictionary(
            lines.dropFirst().map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
            }, uniquingKeysWith: { $0 + ", " + $1 })
        body = Array(all[end.upperBound...])
    }

    /// Returns the response to a request with only a first line and `Host`.
    public static func get(
        _ target: String, port: Int, method: String = "GET", host: String = "localhost"
    ) -> RawResponse? {
        guard let connection = RawConnection(port: port) else { return nil }
        connection.send("\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        return RawResponse(connection.readToEnd())
    }
}
