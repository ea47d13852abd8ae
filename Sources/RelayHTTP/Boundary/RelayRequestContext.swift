import Hummingbird
import NIOCore

/// What a handler knows of a request beside the request itself.
struct RelayRequestContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel
    /// The connection's other end, without its port; empty where there is none (tests without sockets).
    let peerAddress: String

    init(source: Source) {
        coreContext = .init(source: source)
        channel = source.channel
        peerAddress = source.channel.remoteAddress?.ipAddress ?? ""
    }
}
