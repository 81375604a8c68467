import NIOCore
import Tensors

/// A limit on new connections: they wait while the server's thread has used up its processor time, so that clients cost
/// training next to nothing, however many there are and whatever they send.
final class AcceptLimit: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = any Channel

    /// The part of one core for all clients. A browser's page and Prometheus need a fifth of it.
    private static let share = 0.005
    /// The processor time for a page that is opened after a quiet while, in seconds: some four hundred requests.
    private static let reserve = 0.1

    private let processorTime: () -> Double
    private var budget: ProcessorBudget?
    private var isWaiting = false

    /// - Parameter processorTime: returns the seconds that the calling thread has computed.
    init(processorTime: @escaping () -> Double = processorSeconds) { self.processorTime = processorTime }

    func read(context: ChannelHandlerContext) {
        guard !isWaiting else { return }
        let (used, time) = (processorTime(), Double(context.eventLoop.now.uptimeNanoseconds) * 1e-9)
        var budget = budget ?? ProcessorBudget(share: Self.share, reserve: Self.reserve, used: used, time: time)
        let wait = budget.wait(used: used, time: time)
        self.budget = budget
        guard wait > 0 else { return context.read() }
        isWaiting = true
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64((wait * 1e3).rounded(.up)))) {
            self.isWaiting = false
            self.read(context: context)
        }
    }
}
