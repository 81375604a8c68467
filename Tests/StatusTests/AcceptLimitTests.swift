import NIOCore
import NIOEmbedded
import Testing

@testable import Status

@Suite("The status server's processor time") struct AcceptLimitTests {
    @Test("a budget spares its reserve, no more after a long rest, and its share after that")
    func budget() {
        var budget = ProcessorBudget(share: 0.5, reserve: 4, used: 10, time: 100)
        #expect(budget.wait(used: 14, time: 100) == 0)
        #expect(budget.wait(used: 15, time: 100) == 2)
        #expect(budget.wait(used: 15, time: 101) == 1)
        #expect(budget.wait(used: 15, time: 102) == 0)
        #expect(budget.wait(used: 15, time: 1000) == 0)
        #expect(budget.wait(used: 20, time: 1000) == 2)
    }

    /// Counts the times that a channel is asked for connections.
    private final class Listener: ChannelOutboundHandler {
        typealias OutboundIn = Never
        var count = 0

        func read(context: ChannelHandlerContext) { count += 1 }
    }

    @Test("connections are taken at once until the reserve is used up, and then as the share allows, none forgotten")
    func accepting() throws {
        let (listener, channel) = (Listener(), EmbeddedChannel())
        var used = 0.0
        try channel.pipeline.syncOperations.addHandlers([listener, AcceptLimit { used }])
        channel.read()
        // A tenth of a second is the reserve: nine requests leave a hundredth of a second.
        for _ in 0..<9 {
            used += 0.01
            channel.read()
        }
        #expect(listener.count == 10)
        used += 0.02
        channel.read()
        channel.read()
        #expect(listener.count == 10)
        // A hundredth of a second too much takes two seconds at a two hundredth of each.
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1990))
        #expect(listener.count == 10)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(20))
        #expect(listener.count == 11)
        used += 0.005
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(900))
        #expect(listener.count == 11)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(200))
        #expect(listener.count == 12)
    }
}
