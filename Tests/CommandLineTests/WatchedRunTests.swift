import CommandSupport
import Foundation
import Glibc
import TestSupport
import Testing

/// Runs that people watch, as real processes: their status page and TensorBoard's files.
@Suite("A run that is watched", .serialized, .withOurKernels)
struct WatchedRunTests {
    private let commands: Commands

    init() throws { commands = try Commands() }

    /// 200 steps an epoch.
    private func flags(_ output: String, _ others: String...) throws -> [String] {
        [
            "--model", "lenet", "--data", try commands.tinyData(train: 3200), "--batch-size", "16", "--lr", "0.1",
            "--threads", "1", "--log-every", "1", "--epochs", "3", "--output", output,
        ] + others
    }

    private struct Line: Decodable {
        let kind: String
        let step: Int
        let parameters_sha256: String?
    }

    private func lines(_ output: String) -> [Line] {
        let text = (try? String(contentsOfFile: "\(commands.folder)/\(output)/metrics.jsonl", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private func digest(_ output: String) throws -> String {
        try #require(lines(output).last?.parameters_sha256)
    }

    /// The port that the log says; nil before that.
    private var port: Int? {
        let log = (try? String(contentsOfFile: commands.folder + "/.stdout", encoding: .utf8)) ?? ""
        return log.firstMatch(of: /Status page: http:\/\/127\.0\.0\.1:(\d+)\/\n/).flatMap { Int($0.1) }
    }

    @Test("200 connections, clients that do not read, random bytes and odd paths change nothing of what is learned")
    func hostileClients() throws {
        let quiet = try commands.run(flags("quiet", "--no-tensorboard", "--epochs", "20"))
        #expect(quiet.status == 0, "\(quiet.errors)")
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/quiet/tensorboard"))
        var (clients, codes) = ([RawConnection](), [String: Int]())
        let watched = try commands.run(
            flags("watched", "--status-port", "0", "--epochs", "20"),
            killedWhen: {
                guard let port, clients.isEmpty, lines("watched").count > 5 else { return false }
                clients = attack(port)
                for target in ["/", "/metrics", "/healthz", "/api/run", "/../../etc/passwd", "/%2e%2e/config.yaml"] {
                    codes[target] = RawResponse.get(target, port: port)?.code
                }
                codes["HEAD"] = RawResponse.get("/", port: port, method: "HEAD")?.code
                codes["POST"] = RawResponse.get("/", port: port, method: "POST")?.code
                return false
            })
        #expect(watched.status == 0, "\(watched.errors)")
        #expect(clients.count == 200)
        #expect(
            codes == [
                "/": 200, "/metrics": 200, "/healthz": 200, "/api/run": 200, "/../../etc/passwd": 404,
                "/%2e%2e/config.yaml": 404, "HEAD": 200, "POST": 405,
            ])
        #expect(try digest("watched") == digest("quiet"))
    }

    /// A third says nothing, a third does not read its answer, a third sends what is no request.
    private func attack(_ port: Int) -> [RawConnection] {
        (0..<200).compactMap { index in
            let client = RawConnection(port: port, receiveBuffer: 1024)
            switch index % 3 {
            case 0: break
            case 1: client?.send("GET /status.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
            default: client?.send((0..<600).map { UInt8(truncatingIfNeeded: $0 &* index &* 2_654_435_761 >> 13) })
            }
            return client
        }
    }

    @Test("a port that is taken is one clear error on any number of ranks, and leaves no folder", arguments: [nil, 2])
    func portTaken(ranks: Int?) throws {
        let listener = try #require(Listener())
        let outcome = try commands.run(flags("taken", "--status-port", "\(listener.port)"), ranks: ranks)
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1 && outcome.errors.contains("another program listens there"))
        #expect(!FileManager.default.fileExists(atPath: commands.folder + "/taken"))
    }

    private func events(_ output: String) throws -> [EventRecords] {
        let folder = "\(commands.folder)/\(output)/tensorboard"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map {
            try EventRecords(path: folder + "/" + $0)
        }
    }

    @Test("a run that is killed while it writes leaves whole records for TensorBoard, and resumed has each step once")
    func killed() throws {
        let killed = try commands.run(
            flags("killed", "--checkpoint-every", "50steps"),
            killedWhen: { lines("killed").last.map { $0.step >= 230 } ?? false })
        #expect(killed.status != 0)
        let first = try #require(try events("killed").first)
        #expect(!first.isDamaged && first.values("loss/train").count > 100)
        let resumed = try commands.run(flags("killed", "--checkpoint-every", "50steps", "--resume"))
        #expect(resumed.status == 0, "\(resumed.errors)")
        let files = try events("killed")
        #expect(files.count == 2 && files.allSatisfy { !$0.isDamaged } && files[1].tornBytes == 0)
        // TensorBoard drops what comes before a session's start and is of its step or later.
        let start = try #require(files[1].events.first { $0.message(7) != nil }?.number(2))
        let steps =
            files[0].values("loss/train").map(\.step).filter { $0 < start } + files[1].values("loss/train").map(\.step)
        #expect(steps == Array(1...600))
    }
}

/// A program that has taken a port.
private final class Listener {
    private let socket: Int32
    private(set) var port = 0

    init?() {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(socket, address, length) == 0, listen(socket, 1) == 0 else { return Int32(-1) }
                return getsockname(socket, address, &length)
            }
        }
        guard result == 0 else { return nil }
        port = Int(in_port_t(bigEndian: address.sin_port))
    }

    deinit { close(socket) }
}
