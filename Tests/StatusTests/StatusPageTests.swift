import Foundation
import Runs
import Synchronization
import TestSupport
import Testing

@testable import Status

/// The live page as a browser shows it.
@Suite("The live page", .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.missing)), .serialized)
final class StatusPageTests {
    private static let evil = "<img src=x onerror=alert(1)>"
    private let folder: String
    private let clock = Clock()
    private let server: StatusServer

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        server = try StatusServer(host: "127.0.0.1", port: 0, clock: { [clock] in clock.seconds.withLock(\.self) })
    }

    deinit {
        server.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Shows a run of three ranks, in which something has happened.
    private func begin() throws -> any RunObserver {
        let observer = server.show(try observedRun(ranks: 3, folder: folder))
        for _ in 0..<3 { observer.didRecord(Self.report(step: 12)) }
        observer.didRecord(
            #"{"kind": "evaluation", "epoch": 1, "step": 10, "loss": 0.25, "accuracy": 0.875, "samples": 8}"#)
        observer.didRecord(#"{"kind": "skipped", "step": 11, "rank": 0, "reason": "the loss \#(Self.evil)"}"#)
        return observer
    }

    private static func report(step: Int) -> String {
        """
        {"kind": "train", "epoch": 2, "step": \(step), "samples": 120, "loss": 0.123456, "accuracy": 0.75, "lr": 0.1, \
        "images_per_second": 1234.5, "slowest_rank": 2, "slowest_over_median": 1.6, "rank_work": "1.0 0.9 1.6"}
        """
    }

    /// A report of one number, longer than the window.
    private func write(report number: Int) throws {
        try """
        <!DOCTYPE html><html lang="en"><title>report</title><style>p{margin:0 0 9000px}</style>
        <p id="number">\(number)</p><p>the end</p>
        """.write(toFile: folder + "/report.html", atomically: true, encoding: .utf8)
    }

    private static let frame = "document.querySelector('#report').contentWindow"
    /// JavaScript for "the report that is shown has this number".
    private static func shows(report number: Int) -> String {
        "\(frame).document.querySelector('#number')?.textContent === '\(number)'"
    }

    @Test(
        "what a run tells is on the page, readable in light and dark, on a phone and a wide screen, from no other server",
        arguments: [375, 1600], [false, true])
    func shown(width: Int, isDark: Bool) throws {
        _ = try begin()
        try write(report: 1)
        let view = try Browser.watch(
            server.address, until: [Self.shows(report: 1)], width: width, isDark: isDark)[0]
        #expect(view.complaints.isEmpty && view.nameless.isEmpty && view.pale.isEmpty)
        #expect(view.texts > 25 && view.overflow == 0 && view.frames[0].overflow == 0)
        #expect(view.requests.allSatisfy { $0.hasPrefix(server.address) })
        #expect(view.background == (isDark ? "rgb(23, 23, 27)" : "rgb(255, 255, 255)"))
        let told = [
            "model": "lenet on shapes", "state": "running", "step": "12 of 20", "epoch": "2", "loss": "0.1235",
            "accuracy": "75.00 %", "test": "87.50 %", "speed": "1,230", "checkpoint": "–",
            "ranks-sum": "(1 of 3 behind)", "events-sum": "(1)",
        ]
        for (part, text) in told { #expect(view.parts[part] == text, "\(part)") }
        #expect(view.text.contains("0: 1.00") && view.text.contains("2: 1.60"))
        #expect(view.text.contains("the loss \(Self.evil) at step 11") && view.pictures.isEmpty)
    }

    @Test("the page follows its run by itself: numbers, and the report at the place where it is being read")
    func refreshed() throws {
        let observer = try begin()
        let step = "document.querySelector('#step').textContent"
        let views = try Browser.watch(
            server.address,
            until: [
                "document.querySelector('#waiting').checkVisibility() && \(step) === '12 of 20'",
                "\(Self.shows(report: 1)) && (\(Self.frame).scrollTo(0, 500), true)",
                "\(Self.shows(report: 2)) && \(Self.frame).scrollY === 500",
                "document.querySelector('#state').textContent === 'complete'",
            ]
        ) { look in
            switch look {
            case 0: try write(report: 1)
            case 1:
                observer.didRecord(Self.report(step: 15))
                try write(report: 2)
            case 2:
                observer.didRecord(
                    #"{"kind": "final", "epoch": 2, "step": 20, "samples": 8, "loss": 0.2, "accuracy": 1.0}"#)
            default: break
            }
        }
        #expect(views.map { $0.parts["step"] } == ["12 of 20", "12 of 20", "15 of 20", "20 of 20"])
        #expect(views[3].parts["test"] == "100.00 %")
        #expect(views[3].requests.count { $0 == server.address } == 1, "the page itself was not loaded again")
        #expect(views[3].requests.count { $0.contains("/report.html?") } == 2)
        #expect(views[3].complaints.isEmpty)
    }

    @Test("a run that stands still, and one that cannot be reached any more, are called so", arguments: [false, true])
    func still(isDark: Bool) throws {
        _ = try begin()
        clock.seconds.withLock { $0 += 7260 }
        let views = try Browser.watch(
            server.address,
            until: ["no step for", "not reached"].map {
                "document.querySelector('#state').textContent.startsWith('\($0)')"
            }, isDark: isDark
        ) { look in
            if look == 0 { server.close() }
        }
        #expect(views[0].parts["state"] == "no step for 2 h 1 min")
        #expect(views.allSatisfy { $0.pale.isEmpty && $0.overflow == 0 })
        #expect(views[1].parts["step"] == "12 of 20", "the last that is known stays")
    }
}

/// Time that goes on when a test says so.
private final class Clock: Sendable {
    let seconds = Mutex(0.0)
}
