import Disclosures
import Partners
import Primitives

/// What a push does; raw values stand in the API.
package enum PushState: String, Sendable, Codable, CaseIterable {
    /// Nothing may be pushed: nobody is on air, or nobody who is has agreed.
    case waitingForConsent = "waiting-for-consent"
    case connecting
    case live
    /// The server could not be reached, or ended the session: it is tried again.
    case backingOff = "backing-off"
    /// The destination did not acknowledge the state of consents in time.
    case cutOff = "cut-off"
    /// The destination or its partner is, or its partner may not have this.
    case suspended
}

/// A push as operators see it.
package struct PushStatus: Sendable, Codable, Equatable {
    /// One participant's stream toward the destination.
    package struct Stream: Sendable, Codable, Equatable {
        package var stream: String
        package var participant: String
        package var state: PushState
        /// Why it is not live.
        package var reason: String?
        /// What is carried along, by kind of media; absent while nothing is sent.
        package var carried: [String: [String]]?

        package init(
            stream: String,
            participant: String,
            state: PushState,
            reason: String?,
            carried: [String: [String]]?
        ) {
            self.stream = stream
            self.participant = participant
            self.state = state
            self.reason = reason
            self.carried = carried
        }
    }

    package var id: String
    package var room: String
    package var destination: String
    /// The recipient; absent once the destination is gone.
    package var partner: String?
    /// The stream that it is of; absent for everybody in the room.
    package var stream: String?
    package var state: PushState
    package var reason: String?
    /// Those on air whom it is about.
    package var streams: [Stream]

    package init(
        _ order: PushOrder,
        partner: String?,
        state: PushState,
        reason: String?,
        streams: [Stream] = []
    ) {
        id = order.id
        room = order.room.text
        destination = order.destination
        self.partner = partner
        stream = order.stream
        self.state = state
        self.reason = reason
        self.streams = streams
    }
}

extension PushStatus {
    /// The order in which the states of streams make that of the push.
    private static let precedence: [PushState] = [.live, .connecting, .backingOff, .waitingForConsent]

    /// A push whose streams are as given; without any, nobody is on air.
    init(_ order: PushOrder, partner: String?, streams: [Stream]) {
        let leading = Self.precedence.lazy.compactMap { state in streams.first { $0.state == state } }.first
        self.init(
            order,
            partner: partner,
            state: leading?.state ?? .waitingForConsent,
            reason: leading.map(\.reason) ?? "room-not-live",
            streams: streams
        )
    }
}

extension CarriedConsent {
    private static let words: [(CarriedConsent, String)] = [
        (.live, "live"), (.recording, "recording"), (.liveEmbed, "live_embed"),
        (.rebroadcast, "rebroadcast"), (.replay, "replay"), (.transcription, "transcription"),
        (.analysis, "analysis"), (.identify, "identify"),
    ]

    /// Its parts in the words of the API, from the lowest bit on.
    var names: [String] { Self.words.filter { contains($0.0) }.map(\.1) }
}
