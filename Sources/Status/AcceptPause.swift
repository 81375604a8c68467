import NIOCore

/// Stops taking connections for a while when the process has no descriptors or memory left for them, which training
/// needs more.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let time = TimeAmount.seconds(1)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let channel = context.channel
        channel.setOption(.autoRead, value: false).whenSuccess {
            channel.eventLoop.scheduleTask(in: Self.time) { channel.setOption(.autoRead, value: true) }
        }
    }
}
