import Disclosures
import Partners
import Primitives
import Webhooks

extension WebhookEvent {
    private struct State: Encodable {
        var push: String
        var room: String
        var destination: String
        var recipient: String
        var stream: String
        var session: String
        var location: String?
        var sequence: Int
        var active: Bool
        var reason: String?
        var carried: [String: [String]]
    }

    /// What a destination may do with what it is sent, from now on.
    ///
    /// Names the stream and nobody: who is behind it is told where a grant to identify stands, and not here. A higher
    /// `sequence` of the same session replaces a lower one. Where the session is goes to its own server only: whoever
    /// knows that may be able to end it.
    init(
        _ order: PushOrder,
        partner: String,
        session: PushSession,
        stream: StreamID,
        isForServer: Bool,
        isActive: Bool,
        reason: String?,
        at time: WallClockTime
    ) {
        self.init(
            .rebroadcastState,
            room: order.room,
            at: time,
            data: State(
                push: order.id,
                room: order.room.text,
                destination: order.destination,
                recipient: partner,
                stream: stream.text,
                session: session.name,
                location: isForServer ? session.url.text : nil,
                sequence: session.sequence,
                active: isActive,
                reason: reason,
                carried: session.carriedNames
            )
        )
    }
}
