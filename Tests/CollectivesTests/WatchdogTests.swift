import Foundation
import Synchronization
import Testing

@testable import Collectives

@Suite("A watchdog")
struct WatchdogTests {
    @Test("a watchdog's report is read as it was written")
    func reports() throws {
        let recorder = FlightRecorder()
        recorder.enter(FlightRecorder.Phase("data loading", step: 11))
        for _ in 0..<3 { try recorder.record(.sum, "x", bytes: 8, on: .second) {} }
        for report in [RankReport.request(recorder.snapshot), .answer(recorder.snapshot), .farewell(recorder.snapshot)]
        {
            let read = try #require(RankReport(bytes: report.bytes))
            switch (report, read) {
            case (.request(let sent), .request(let snapshot)), (.answer(let sent), .answer(let snapshot)),
                (.farewell(let sent), .farewell(let snapshot)):
                #expect(!snapshot.mayTakeLong)
                #expect(snapshot.phase == "data loading of step 12")
                #expect(snapshot.progress.map(\.begun) == [0, 3])
                #expect(snapshot.phaseSeconds == sent.phaseSeconds)
            default: Issue.record("a request is no answer")
            }
        }
        guard case .beat(host: "a b")? = RankReport(bytes: RankReport.beat(host: "a b").bytes) else {
            Issue.record("a beat is read as something else")
            return
        }
        recorder.enter(FlightRecorder.Phase("evaluation", mayTakeLong: true))
        guard case .answer(let snapshot)? = RankReport(bytes: RankReport.answer(recorder.snapshot).bytes) else {
            Issue.record("an answer is read as something else")
            return
        }
        #expect(snapshot.mayTakeLong)
        #expect(RankReport(bytes: Array("nonsense 1 2 3\n".utf8)) == nil)
        #expect(RankReport(bytes: []) == nil)
    }

    @Test("a watchdog leaves it to the lowest waiting rank to report which rank is missing, where, and since when")
    func missing() throws {
        struct GivenUp: Error {}
        let timeouts = Mutex<[Int: CollectiveError]>([:])
        #expect(throws: GivenUp.self) {
            _ = try InProcessCommunicator.run(ranks: 3) { world in
                let own = try #require(world as? InProcessCommunicator)
                let dog = try Watchdog(control: own.control, recorder: own.recorder) { error in
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
        // Rank 2 leaves the report to rank 0 until that has had time to end the job.
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

    /// A message that a rank receives from a lower one.
    enum News: CaseIterable {
        /// The lower rank has waited too long, and ends the job.
        case saysFarewell
        /// The lower rank waits in the same collective, and will time out soon.
        case hasArrived
    }

    @Test("a watchdog stays silent when a lower rank reports", arguments: News.allCases)
    func silent(news: News) throws {
        struct GivenUp: Error {}
        let timeouts = Mutex<[Int: CollectiveError]>([:])
        #expect(throws: GivenUp.self) {
            _ = try InProcessCommunicator.run(ranks: 2) { world in
                let own = try #require(world as? InProcessCommunicator)
                own.recorder.allow(seconds: 0.5)
                own.recorder.enter(FlightRecorder.Phase("work"))
                guard world.rank == 0 else {
                    let dog = try Watchdog(control: own.control, recorder: own.recorder) { error in
                        timeouts.withLock { $0[own.rank] = error }
                    }
                    defer { dog.stop() }
                    return try world.barrier(as: "meeting")
                }
                // Rank 0 has no watchdog: the test writes its messages.
                let request = try Self.report(own.control)
                guard case .request = request else { throw Violation(report: request) }
                switch news {
                case .saysFarewell:
                    try own.control.send(RankReport.farewell(own.recorder.snapshot).bytes, to: 1)
                    let answer = try Self.report(own.control)
                    guard case .answer = answer else { throw Violation(report: answer) }
                case .hasArrived:
                    let recorder = FlightRecorder()
                    recorder.enter(FlightRecorder.Phase("work"))
                    try recorder.record(.barrier, "meeting", bytes: 0, on: .main) {}
                    try own.control.send(RankReport.answer(recorder.snapshot).bytes, to: 1)
                }
                // This is longer than rank 1 waits for answers when it is the one to report.
                Thread.sleep(forTimeInterval: 3)
                throw GivenUp()
            }
        }
        #expect(timeouts.withLock { $0.isEmpty })
    }

    /// Runs ranks with watchdogs until any of these reports an error or `body` returns everywhere. Returns the errors
    /// by rank.
    private func watched(
        ranks: Int, _ body: @escaping @Sendable (InProcessCommunicator, Watchdog) throws -> Void
    ) throws -> [Int: CollectiveError] {
        let errors = Mutex<[Int: CollectiveError]>([:])
        struct GivenUp: Error {}
        do {
            _ = try InProcessCommunicator.run(ranks: ranks) { world in
                let own = try #require(world as? InProcessCommunicator)
                let dog = try Watchdog(control: own.control, recorder: own.recorder) { error in
                    errors.withLock { $0[own.rank] = error }
                }
                defer { dog.stop() }
                own.recorder.enter(FlightRecorder.Phase("work"))
                try body(own, dog)
                if world.rank > 0 { return }
                // The rank keeps running while others may be waiting for it to end the job.
                if !errors.withLock({ $0.isEmpty }) { throw GivenUp() }
            }
        } catch is GivenUp {}
        return errors.withLock { $0 }
    }

    /// Sleeps until a condition holds, at most ten seconds.
    private static func sleep(until isEnough: () -> Bool) {
        let deadline = ContinuousClock.now + .seconds(10)
        while !isEnough(), .now < deadline { Thread.sleep(forTimeInterval: 0.01) }
    }

    @Test(
        "a watchdog waits longer for a rank only in a phase that may take long",
        arguments: [true, false])
    func longPhase(mayTakeLong: Bool) throws {
        let errors = try watched(ranks: 3) { world, _ in
            try world.barrier()
            world.recorder.allow(seconds: 0.6)
            if world.rank == 2 {
                world.recorder.enter(FlightRecorder.Phase("evaluation", mayTakeLong: mayTakeLong))
                Thread.sleep(forTimeInterval: 3)
            }
            try world.barrier(as: "meeting")
        }
        #expect(errors.isEmpty == mayTakeLong, "\(errors)")
        guard !mayTakeLong else { return }
        guard case .timedOut(let timeout)? = errors[0] else {
            Issue.record("\(errors)")
            return
        }
        #expect(errors.count == 1 && timeout.seconds == 0.6 && timeout.late.map(\.rank) == [2])
    }

    @Test("a watchdog reports in time a rank that no longer answers, even in a phase that may take long")
    func silentInLongPhase() throws {
        struct Stopped: Error {}
        let start = Mutex(ContinuousClock.now)
        let errors = Mutex<[Int: CollectiveError]>([:])
        let seconds = Mutex(0.0)
        #expect(throws: Stopped.self) {
            _ = try InProcessCommunicator.run(ranks: 2) { world in
                let own = try #require(world as? InProcessCommunicator)
                let dog = try Watchdog(control: own.control, recorder: own.recorder) { error in
                    errors.withLock { $0[own.rank] = error }
                    seconds.withLock { $0 = start.withLock { $0.duration(to: .now) } / .seconds(1) }
                }
                own.recorder.enter(FlightRecorder.Phase("evaluation", mayTakeLong: true))
                own.recorder.allow(seconds: 1)
                if world.rank == 1 {
                    // A rank that answers is waited for.
                    Thread.sleep(forTimeInterval: 2.5)
                    dog.stop()
                    start.withLock { $0 = .now }
                    Self.sleep { !errors.withLock { $0.isEmpty } }
                    throw Stopped()
                }
                defer { dog.stop() }
                try world.barrier(as: "meeting")
            }
        }
        guard case .timedOut(let timeout)? = errors.withLock({ $0[0] }) else {
            Issue.record("nobody noticed")
            return
        }
        #expect(timeout.silent == [1] && timeout.seconds == 1)
        #expect(seconds.withLock { $0 } < 2, "a second and one more")
    }

    @Test(
        "a rank whose heartbeat stops is reported by one watchdog, whatever other ranks wait for",
        arguments: [0, 1, 2])
    func heartbeat(victim: Int) throws {
        let isDone = Atomic(false)
        let errors = try watched(ranks: 3) { world, dog in
            world.recorder.heartbeat = 1
            // Ranks do not start at the same time.
            Thread.sleep(forTimeInterval: 0.3 * Double(world.rank) + 1.5)
            if world.rank == victim { dog.stop() }
            if world.rank == 0 {
                Thread.sleep(forTimeInterval: 3)
                isDone.store(true, ordering: .relaxed)
            } else {
                Self.sleep { isDone.load(ordering: .relaxed) }
            }
        }
        let speaker = victim == 0 ? 1 : 0
        #expect(errors.keys.sorted() == [speaker], "\(errors)")
        guard case .silent(let rank, ranks: 3, let host, seconds: 1)? = errors[speaker] else {
            Issue.record("\(errors)")
            return
        }
        #expect(rank == victim && host == ProcessInfo.processInfo.hostName)
        #expect(errors[speaker]?.exitStatus == 76)
    }

    @Test("watchdogs report nothing as long as all ranks are there")
    func steady() throws {
        let errors = try watched(ranks: 3) { world, _ in
            world.recorder.heartbeat = 1
            world.recorder.allow(seconds: 0.6)
            for _ in 0..<30 {
                Thread.sleep(forTimeInterval: 0.1)
                try world.barrier()
            }
        }
        #expect(errors.isEmpty)
    }

    /// Rank 1 sent another report than it should.
    private struct Violation: Error { let report: RankReport }

    private static func report(_ control: any ControlChannel) throws -> RankReport {
        while true {
            if let (_, bytes) = try control.next() { return try #require(RankReport(bytes: bytes)) }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    @Test("a watchdog remembers the last 64 collectives, the oldest first")
    func memory() throws {
        let recorder = FlightRecorder()
        for index in 0..<100 {
            try recorder.record(
                .gather, CollectiveName("part", part: index), bytes: index, on: index % 3 == 0 ? .second : .main
            ) {}
        }
        #expect(recorder.entries.map(\.bytes) == Array(36..<100))
        #expect(recorder.entries.allSatisfy { $0.end != nil })
        #expect(recorder.entries.last.map { "\($0.name)" } == "part 99")
        #expect(recorder.entries.last?.sequence == 34 && recorder.entries.last?.line == .second)
    }

    @Test("a watchdog finds in the records where a rank is stuck, even after many calls on the other communicator")
    func open() throws {
        let recorder = FlightRecorder()
        try recorder.record(.sum, "outer", bytes: 1, on: .second) { () throws(CollectiveError) in
            for _ in 0..<100 { try recorder.record(.sum, "inner", bytes: 2, on: .main) {} }
            #expect(recorder.open.map { "\($0.name)" } == ["outer"])
        }
        #expect(recorder.open.isEmpty && !recorder.isInCollective)
        #expect(recorder.entries.allSatisfy { $0.bytes == 2 && $0.end != nil })
    }
}
