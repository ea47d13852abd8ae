import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request does not end within a time or grows far beyond every limit, so that
/// neither slow nor endless bodies hold connections, whether or not a handler reads them.
final class RequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let timeout: TimeAmount
    private let maximumBytes: Int
    private var bytes = 0
    private var deadline: Scheduled<Void>?

    init(timeoutSeconds: Int, maximumBytes: Int) {
        timeout = .seconds(Int64(timeoutSeconds))
        self.maximumBytes = maximumBytes
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            bytes = 0
            let channel = context.channel
            deadline = context.eventLoop.scheduleTask(in: timeout) {
                channel.close(promise: nil)
            }
        case .body(let buffer):
            bytes &+= buffer.readableBytes
            if bytes > maximumBytes {
                context.close(promise: nil)
                return
            }
        case .end:
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }
}
