import NIOCore
import NIOHTTP1

/// A connection, which reads one request, answers it, and closes. Each of these has a time limit, whatever the client
/// does.
final class StatusConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let responder: StatusResponder
    private let connections: StatusConnections
    private var hasAnswered = false
    private var deadline: Scheduled<Void>?

    /// The time limit for the request.
    private static let requestTime = TimeAmount.seconds(10)
    /// The time limit for the client to read the answer.
    private static let answerTime = TimeAmount.seconds(60)
    /// The time for reading what the client still sends: closing before that would take the answer from it.
    private static let lingerTime = TimeAmount.seconds(1)

    init(_ responder: StatusResponder, among connections: StatusConnections) {
        self.responder = responder
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        connections.add(context.channel)
        close(context, in: Self.requestTime)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        connections.remove(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasAnswered, case .head(let head) = unwrapInboundIn(data) else { return }
        hasAnswered = true
        close(context, in: Self.answerTime)
        let reply = responder.reply(
            method: head.method.rawValue, target: head.uri, host: head.headers.first(name: "Host"))
        write(reply, hasBody: head.method != .HEAD, context)
    }

    private func write(_ reply: StatusReply, hasBody: Bool, _ context: ChannelHandlerContext) {
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: reply.code.rawValue),
            headers: HTTPHeaders(reply.fields.map { ($0.name, $0.value) }))
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if hasBody { context.write(wrapOutboundOut(.body(.byteBuffer(reply.body))), promise: nil) }
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        let connection = NIOLoopBound(self, eventLoop: context.value.eventLoop)
        context.value.writeAndFlush(wrapOutboundOut(.end(nil))).whenSuccess {
            context.value.close(mode: .output, promise: nil)
            connection.value.close(context.value, in: Self.lingerTime)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client has closed its side of the connection.
        if case .inputClosed? = event as? ChannelEvent, !hasAnswered { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What is no request has been answered by NIO, if it could be.
        context.close(promise: nil)
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}
