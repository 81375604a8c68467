import Foundation
import NIOCore
import Testing

@testable import Status

@Suite("Answers of the status page") struct StatusResponderTests {
    private func responder(isLocalOnly: Bool = true) -> StatusResponder {
        StatusResponder(isLocalOnly: isLocalOnly, clock: { 0 })
    }

    private func code(_ target: String, method: String = "GET", host: String? = "localhost") -> Int {
        responder().reply(method: method, target: target, host: host).code.rawValue
    }

    @Test("before a run is there the page is, and what tells of the run says so")
    func beforeTheRun() {
        #expect(code("/") == 200 && code("/status.js") == 200 && code("/status.css") == 200)
        #expect(code("/metrics") == 503 && code("/healthz") == 503 && code("/api/run") == 503)
        #expect(code("/report.html") == 404)
    }

    @Test("a target is taken with what follows its path, and as a whole URL")
    func targets() {
        for target in ["/?a=b", "/#a", "http://localhost/", "HTTP://localhost:80", "http://localhost?x"] {
            #expect(code(target) == 200, "\(target)")
        }
    }

    @Test(
        "the status page looks for nothing on the disk, whatever the path",
        arguments: [
            "", "*", "//", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/./",
            "/report.html/..", "/metrics.jsonl", "/config.yaml", "/run.lock", "file:///etc/passwd", "/etc/passwd",
            "http://localhost/../../etc/passwd", "/\\..\\..", "/report.html\0", "/REPORT.HTML", "https://localhost/",
        ])
    func pathTricks(target: String) { #expect(code(target) == 404) }

    @Test(
        "the status page allows methods that read, and no others",
        arguments: ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", ""])
    func methods(method: String) {
        let reply = responder().reply(method: method, target: "/", host: "localhost")
        #expect(reply.code == .methodNotAllowed)
        #expect(reply.fields.contains { $0.name == "Allow" && $0.value == "GET, HEAD" })
    }

    @Test("a page of another site cannot have a browser here read this one under that site's name")
    func hosts() {
        for host in ["localhost", "localhost:80", "LOCALHOST", "127.0.0.1:8000", "127.1.2.3", "[::1]", "[::1]:80"] {
            #expect(code("/", host: host) == 200, "\(host)")
        }
        #expect(code("/", host: nil) == 200)
        for host in [
            "example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "[::2]", "", "127.0.0",
        ] {
            #expect(code("/", host: host) == 421, "\(host)")
        }
        #expect(responder(isLocalOnly: false).reply(method: "GET", target: "/", host: "node1:80").code == .ok)
    }

    @Test("every answer forbids guessing, framing, keeping and whatever its page does not need")
    func fields() {
        for target in ["/", "/report.html", "/metrics", "/nothing"] {
            let reply = responder().reply(method: "GET", target: target, host: nil)
            let fields = Dictionary(reply.fields.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            #expect(fields["X-Content-Type-Options"] == "nosniff")
            #expect(fields["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true)
            #expect(fields["Cache-Control"] == "no-store")
            #expect(fields["Access-Control-Allow-Origin"] == nil)
        }
    }

    @Test("the report is as its file has it, also when that is written anew")
    func report() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let responder = responder()
        responder.show(try observedRun(folder: folder), earlier: [])
        func body() -> String? {
            let reply = responder.reply(method: "GET", target: "/report.html", host: nil)
            return reply.code == .ok ? String(buffer: reply.body) : nil
        }
        #expect(body() == nil)
        for text in ["<p>one", "<p>two", "<p>three"] {
            try text.write(toFile: folder + "/report.html", atomically: true, encoding: .utf8)
            #expect(body() == text)
            #expect(body() == text)
        }
    }
}
