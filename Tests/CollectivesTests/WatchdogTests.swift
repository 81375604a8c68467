import Foundation
import Synchronization
import Testing

@testable import Collectives

@Suite("A watchdog")
struct WatchdogTests {
    @Test("tells of itself what another reads")
    func reports() throws {
        let recorder = FlightRecorder()
        recorder.enter(FlightRecorder.Phase("data loading", step: 11))
        for _ in 0..<3 { try recorder.record(.sum, "x", bytes: 8, on: .side) {} }
        for report in [RankReport.request(recorder.snapshot), .answer(recorder.snapshot)] {
            let read = try #require(RankReport(bytes: report.bytes))
            switch (report, read) {
            case (.request(let sent), .request(let snapshot)), (.answer(let sent), .answer(let snapshot)):
                #expect(snapshot.phase == "data loading of step 12")
                #expect(snapshot.progress.map(\.begun) == [0, 3])
                #expect(snapshot.phaseSeconds == sent.phaseSeconds)
            default: Issue.record("a request is no answer")
            }
        }
        #expect(RankReport(bytes: Array("nonsense 1 2 3\n".utf8)) == nil)
        #expect(RankReport(bytes: []) == nil)
    }

    @Test("lets the lowest rank that waited say who is missing, where, and since when")
    func missing() throws {
        struct GivenUp: Error {}
        let timeouts = Mutex<[Int: CollectiveError]>([:])
        #expect(throws: GivenUp.self) {
            _ = try InProcessCommunicator.run(ranks: 3) { world in
                let own = try #require(world as? InProcessCommunicator)
                let dog = try Watchdog(post: own.post, recorder: own.recorder) { error in
                    timeouts.withLock { $0[own.rank] = error }
                }
                defer { dog.stop() }
                try world.barrier()
                own.recorder.allow(seconds: 0.5)
                own.recorder.enter(FlightRecorder.Phase("a long sleep", step: 3))
                if world.rank == 1 {
                    while timeouts.withLock({ $0.isEmpty }) { Thread.sleep(forTimeInterval: 0.01) }
                    throw GivenUp()
                }
                try world.barrier(as: "meeting")
            }
        }
        // Rank 2 leaves it to rank 0, as long as that has not ended the job.
        let error = try #require(timeouts.withLock { $0[0] })
        guard case .timedOut(let timeout) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(timeout.collective == "barrier \"meeting\" in a long sleep of step 4")
        #expect(timeout.late.map(\.rank) == [1] && timeout.late.first?.phase == "a long sleep of step 4")
        #expect(timeout.silent == [])
        #expect(error.exitStatus == 76)
    }

    /// What a rank learns of a lower one.
    enum News: CaseIterable {
        /// It has waited too long, before we have.
        case hasAsked
        /// It waits in the same collective, and will lose its patience soon.
        case hasArrived
    }

    @Test("is silent when a lower rank speaks", arguments: News.allCases)
    func silent(news: News) throws {
        struct GivenUp: Error {}
        let timeouts = Mutex<[Int: CollectiveError]>([:])
        #expect(throws: GivenUp.self) {
            _ = try InProcessCommunicator.run(ranks: 2) { world in
                let own = try #require(world as? InProcessCommunicator)
                own.recorder.allow(seconds: 0.5)
                guard world.rank == 0 else {
                    let dog = try Watchdog(post: own.post, recorder: own.recorder) { error in
                        timeouts.withLock { $0[own.rank] = error }
                    }
                    defer { dog.stop() }
                    return try world.barrier(as: "meeting")
                }
                // Rank 0 has no watchdog: its messages are written here.
                if news == .hasAsked {
                    try own.post.send(RankReport.request(own.recorder.snapshot).bytes, to: 1)
                    let answer = try Self.report(own.post)
                    guard case .answer = answer else { throw Violation(report: answer) }
                }
                let request = try Self.report(own.post)
                guard case .request = request else { throw Violation(report: request) }
                if news == .hasArrived {
                    let recorder = FlightRecorder()
                    try recorder.record(.barrier, "meeting", bytes: 0, on: .main) {}
                    try own.post.send(RankReport.answer(recorder.snapshot).bytes, to: 1)
                }
                // Longer than rank 1 waits for answers when it is the one to speak.
                Thread.sleep(forTimeInterval: 3)
                throw GivenUp()
            }
        }
        #expect(timeouts.withLock { $0.isEmpty })
    }

    /// Rank 1 said something else than it should.
    private struct Violation: Error { let report: RankReport }

    private static func report(_ post: any Post) throws -> RankReport {
        while true {
            if let (_, bytes) = try post.next() { return try #require(RankReport(bytes: bytes)) }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    @Test("remembers the last 64 collectives, the oldest first")
    func memory() throws {
        let recorder = FlightRecorder()
        for index in 0..<100 {
            try recorder.record(
                .gather, CollectiveName("part", part: index), bytes: index, on: index % 3 == 0 ? .side : .main
            ) {}
        }
        #expect(recorder.entries.map(\.bytes) == Array(36..<100))
        #expect(recorder.entries.allSatisfy { $0.end != nil })
        #expect(recorder.entries.last.map { "\($0.name)" } == "part 99")
        #expect(recorder.entries.last?.sequence == 34 && recorder.entries.last?.line == .side)
    }

    @Test("finds in the records where a rank is stuck, also when the other line has gone around")
    func open() throws {
        let recorder = FlightRecorder()
        try recorder.record(.sum, "outer", bytes: 1, on: .side) { () throws(CollectiveError) in
            for _ in 0..<100 { try recorder.record(.sum, "inner", bytes: 2, on: .main) {} }
            #expect(recorder.open.map { "\($0.name)" } == ["outer"])
        }
        #expect(recorder.open.isEmpty && !recorder.isInCollective)
        #expect(recorder.entries.allSatisfy { $0.bytes == 2 && $0.end != nil })
    }
}
