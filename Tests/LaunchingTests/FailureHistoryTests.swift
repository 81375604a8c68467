import Testing

@testable import Launching

@Suite("The history of failures") struct FailureHistoryTests {
    private var history = FailureHistory(limit: 8, firstStep: nil)

    private func failure(_ kind: Failure.Kind, after step: Int?, on host: String? = nil) -> Failure {
        Failure(kind, attempt: 1, step: step, exitCode: 1, host: host, reason: "r")
    }

    @Test("the history of failures lets a job that was killed start again at once, as long as it takes steps")
    mutating func progress() {
        for step in [nil, 3, 4, 9] as [Int?] {
            let decision = history.add(failure(.signal(9), after: step))
            #expect(decision == .startAgain(afterSeconds: 0))
        }
    }

    @Test("the history of failures waits ever longer while the same step fails, and no more once one is taken")
    mutating func backoff() {
        let decisions = [5, 5, 5, 5, 6, 5].map { history.add(failure(.hostLost, after: $0)) }
        #expect(decisions == [0, 1, 2, 4, 0, 0].map { .startAgain(afterSeconds: $0) })
    }

    @Test("the history of failures waits for a minute at most")
    mutating func longest() {
        history = FailureHistory(limit: 100, firstStep: nil)
        let last = (0..<90).map { _ in history.add(failure(.silence, after: 5)) }.last
        #expect(last == .startAgain(afterSeconds: 60))
    }

    @Test("the history of failures gives up at the limit")
    mutating func limit() {
        history = FailureHistory(limit: 2, firstStep: nil)
        let decisions = [1, 2, 3].map { history.add(failure(.signal(11), after: $0)) }
        #expect(decisions[1] == .startAgain(afterSeconds: 0) && decisions[2] == .giveUp(.tooMany(limit: 2)))
        #expect(history.failures.count == 3)
        var none = FailureHistory(limit: 0, firstStep: nil)
        let decision = none.add(failure(.signal(9), after: 7))
        #expect(decision == .giveUp(.tooMany(limit: 0)))
    }

    @Test("the history of failures does not start again what the program itself could not start", arguments: [nil, 40])
    mutating func beforeAnyStep(first: Int?) {
        history = FailureHistory(limit: 8, firstStep: first)
        let decision = history.add(failure(.own, after: first))
        #expect(decision == .giveUp(.beforeAnyStep))
    }

    @Test("a failure of the program's own at the same step twice is taken for the program's or the data's")
    mutating func sameStep() {
        let decisions = [
            history.add(failure(.own, after: 7, on: "a")), history.add(failure(.signal(9), after: 7)),
            history.add(failure(.own, after: 8, on: "a")), history.add(failure(.own, after: 7, on: "b")),
        ]
        #expect(
            decisions == [
                .startAgain(afterSeconds: 0), .startAgain(afterSeconds: 1), .startAgain(afterSeconds: 0),
                .giveUp(.sameStep),
            ])
    }

    @Test("the history of failures suspects the host of a failure of the program's own, and no other")
    mutating func suspects() {
        _ = history.add(failure(.own, after: 7, on: "a"))
        #expect(history.suspects == ["a"])
        _ = history.add(failure(.signal(9), after: 8, on: "b"))
        #expect(history.suspects == [])
    }
}
