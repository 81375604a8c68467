import NIOCore

/// A limit on the bytes that are read of a client: a request's first line and fields need few.
final class RequestLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    static let mostBytes = 16 << 10
    private var bytes = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytes
        if bytes <= Self.mostBytes {
            context.fireChannelRead(data)
        } else {
            // The rest stays with its sender until the connection's time is over.
            context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
        }
    }
}
