import Testing

@testable import Launching

@Suite("The pool of hosts") struct HostPoolTests {
    private var pool = HostPool(
        hosts: [Host("a", slots: 2), Host("b", slots: 2)], spares: [Host("c", slots: 2)], cooldown: 300)

    private mutating func due(at now: Double) -> [String] { pool.takeDue(at: now).map(\.name) }

    private mutating func answerAll() {
        for name in due(at: 0) { _ = pool.answered(name) }
    }

    @Test("the pool of hosts asks all hosts at first, and waits for each")
    mutating func beginning() {
        #expect(!pool.isSettled)
        let due = [due(at: 0), due(at: 0)]
        #expect(due == [["a", "b", "c"], []] && !pool.isSettled)
        let news = [pool.answered("a"), pool.failed("b", at: 3)]
        #expect(news == [false, true] && !pool.isSettled)
        _ = pool.answered("c")
        #expect(pool.isSettled)
        #expect(pool.answering.map(\.name) == ["a"] && pool.answeringSpares.map(\.name) == ["c"])
    }

    @Test("a failed host is left alone until its cool-down is over, and reported when it answers again")
    mutating func cooldown() {
        answerAll()
        let news = [pool.failed("b", at: 10), pool.failed("b", at: 11)]
        #expect(news == [true, false])
        #expect(pool.isSettled && pool.nextDue == 310)
        let due = [due(at: 309), due(at: 310)]
        #expect(due == [[], ["b"]])
        // A restart does not wait for it.
        #expect(pool.isSettled && pool.answering.map(\.name) == ["a"])
        let isBack = pool.answered("b")
        #expect(isBack && pool.answering.map(\.name) == ["a", "b"])
    }

    @Test("a host that does not answer after its cool-down is asked again soon, without a report")
    mutating func stillSilent() {
        answerAll()
        _ = pool.failed("b", at: 0)
        _ = due(at: 300)
        let isNews = pool.failed("b", at: 303)
        #expect(!isNews && pool.nextDue == 318)
    }

    @Test("the pool of hosts asks all that have failed at once where they are needed, and waits for them")
    mutating func need() {
        answerAll()
        _ = pool.failed("b", at: 0)
        _ = pool.failed("c", at: 0)
        pool.forgiveAll()
        let due = due(at: 1)
        #expect(!pool.isSettled && due == ["b", "c"])
        let news = [pool.answered("b"), pool.failed("c", at: 2)]
        #expect(news == [true, false] && pool.isSettled)
    }

    @Test("the pool of hosts asks a host at once whose agent has ended for want of the supervisor")
    mutating func left() {
        answerAll()
        pool.left("a")
        let due = due(at: 1)
        #expect(!pool.isSettled && due == ["a"])
        let isBack = pool.answered("a")
        #expect(!isBack && pool.answering.map(\.name) == ["a", "b"])
    }
}
