import Foundation
import Runs
import TestSupport
import Testing

@testable import Status

@Suite("The status server") struct StatusServerTests {
    private func withServer(_ body: (Int, StatusServer) throws -> Void) throws {
        let server = try StatusServer(host: "127.0.0.1", port: 0)
        defer { server.close() }
        let port = try #require(URL(string: server.address)?.port)
        try body(port, server)
    }

    @Test("a port that is free is found, told, and answers GET; HEAD has the same fields and no body")
    func getAndHead() throws {
        try withServer { port, _ in
            let get = try #require(RawResponse.get("/", port: port))
            #expect(get.code == 200 && get.text.hasPrefix("<!DOCTYPE html>"))
            #expect(get.fields["content-length"] == "\(get.body.count)")
            let head = try #require(RawResponse.get("/", port: port, method: "HEAD"))
            #expect(head.code == 200 && head.body.isEmpty)
            #expect(head.fields["content-length"] == get.fields["content-length"])
            #expect(RawResponse.get("/x", port: port, method: "POST")?.code == 405)
            #expect(RawResponse.get("/", port: port, host: "example.org")?.code == 421)
        }
    }

    @Test("a port that is taken is one clear error")
    func portTaken() throws {
        try withServer { port, _ in
            #expect(throws: StatusError.portTaken(host: "127.0.0.1", port: port)) {
                _ = try StatusServer(host: "127.0.0.1", port: port)
            }
        }
    }

    @Test("a host that is not this machine, or no host, is a clear error", arguments: ["192.0.2.1", "no such host"])
    func wrongHost(host: String) throws {
        do {
            _ = try StatusServer(host: host, port: 0)
            Issue.record("it listens")
        } catch StatusError.cannotListen(let found, _, let reason) {
            #expect(found == host && !reason.isEmpty)
        }
    }

    @Test("a run's lines are in the answers at once, and a run that went on has what it told before")
    func lines() throws {
        try withServer { port, server in
            let folder = FileManager.default.temporaryDirectory.appending(path: "server-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let evaluation = MetricsRecord(
                .evaluation, epoch: 1, step: 10, samples: 8, loss: 1, accuracy: 0.625, imagesPerSecond: 1)
            try (evaluation.json + "\n").write(toFile: folder + "/metrics.jsonl", atomically: true, encoding: .utf8)
            let observer = server.show(try observedRun(folder: folder, resumedStep: 10))
            #expect(RawResponse.get("/api/run", port: port)?.text.contains(#""accuracy":0.625"#) == true)
            observer.didRecord(
                MetricsRecord(.train, epoch: 2, step: 15, samples: 8, loss: 0.5, accuracy: 1, imagesPerSecond: 1).json)
            #expect(RawResponse.get("/api/run", port: port)?.text.contains(#""step":15"#) == true)
            let metrics = try #require(RawResponse.get("/metrics", port: port))
            #expect(metrics.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(
                try ExpositionParser(metrics.text).samples.contains { $0.name == "cnn_train_loss" && $0.value == 0.5 })
            #expect(RawResponse.get("/healthz", port: port)?.text == "ok\n")
        }
    }

    @Test("bytes that are no request are refused, and never end the status server")
    func randomBytes() throws {
        try withServer { port, _ in
            var state: UInt64 = 1
            for round in 0..<200 {
                guard let connection = RawConnection(port: port) else {
                    Issue.record("round \(round): nobody listens")
                    return
                }
                let bytes = (0..<1 + round * 7 % 500).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 33)
                }
                // Some begin as a request does.
                connection.send(round % 3 == 0 ? Array("GET /metrics HTTP/1.1\r\nHost: ".utf8) + bytes : bytes)
                connection.finishSending()
                let answer = connection.readToEnd()
                if !answer.isEmpty { #expect(RawResponse(answer)?.code != 200) }
            }
            #expect(RawResponse.get("/", port: port)?.code == 200)
        }
    }

    @Test("a request that is too long is not read to its end")
    func longRequest() throws {
        try withServer { port, _ in
            for start in ["GET /", "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "GET / HTTP/1.1\r\nX"] {
                let connection = try #require(RawConnection(port: port))
                connection.send(start)
                for _ in 0..<64 { connection.send([UInt8](repeating: UInt8(ascii: "a"), count: 1024)) }
                connection.send("\r\n\r\n")
            }
            #expect(RawResponse.get("/", port: port)?.code == 200)
        }
    }

    @Test("more connections than may be open let the newest in")
    func manyConnections() throws {
        try withServer { port, _ in
            // They say nothing, or do not read.
            var idle: [RawConnection] = []
            for index in 0..<StatusServer.mostConnections(descriptors: mostDescriptors) + 20 {
                guard let connection = RawConnection(port: port, receiveBuffer: 1024) else { break }
                if index % 2 == 0 { connection.send("GET /status.js HTTP/1.1\r\n\r\n") }
                idle.append(connection)
            }
            #expect(idle.count > 60)
            #expect(RawResponse.get("/", port: port)?.code == 200)
            withExtendedLifetime(idle) {}
        }
    }

    private var mostDescriptors: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    @Test("connections take a quarter of a process's few descriptors at most")
    func descriptors() {
        #expect(StatusServer.mostConnections(descriptors: nil) == 256)
        #expect(StatusServer.mostConnections(descriptors: 100) == 25)
        #expect(StatusServer.mostConnections(descriptors: 2) == 1)
    }

    @Test("its end is soon, with clients that wait, and frees its port")
    func end() throws {
        let server = try StatusServer(host: "127.0.0.1", port: 0)
        let port = try #require(URL(string: server.address)?.port)
        let waiting = (0..<10).compactMap { _ in RawConnection(port: port) }
        server.didEnd()
        server.close()
        #expect(waiting.allSatisfy { $0.readToEnd().isEmpty })
        #expect(RawConnection(port: port) == nil)
        try StatusServer(host: "127.0.0.1", port: port).close()
    }
}
