import Foundation
import Primitives

/// What other systems can be told.
package enum WebhookEventType: String, Sendable, Hashable, Codable, CaseIterable {
    case consentGiven = "consent.given"
    case consentRenewed = "consent.renewed"
    case consentWithdrawn = "consent.withdrawn"
    case consentRefused = "consent.refused"
    case consentRevoked = "consent.revoked"
    case consentExpired = "consent.expired"
    case noticePublished = "notice.published"
    case controllerChanged = "controller.changed"
    case holdPlaced = "hold.placed"
    case holdLifted = "hold.lifted"
    case disclosureOpened = "disclosure.opened"
    case disclosureClosed = "disclosure.closed"
    case disclosureRefused = "disclosure.refused"
    case rebroadcastState = "rebroadcast.state"
}

/// One thing that happened, ready to be told: the document that is signed is made once and never changes.
package struct WebhookEvent: Sendable, Equatable {
    private struct Document<Content: Encodable>: Encodable {
        let type: WebhookEventType
        let timestamp: String
        let data: Content
    }

    /// The `webhook-id`: the same in every attempt and at every endpoint, so that receivers can tell repetitions.
    package let id: String
    package let type: WebhookEventType
    /// Decides which endpoints are told; `nil` for what is about no room.
    package let room: RoomName?
    /// Its place in its room's log, if it is an event of that; those of a room are left in their order.
    package let sequence: UInt64?
    /// Whom it is about, so that it can be erased; never logged.
    package let subject: ParticipantID?
    /// The JSON document `{"data":…,"timestamp":…,"type":…}`.
    package let body: [UInt8]

    /// `data` becomes the document's `data`; without an `id` a random one is made.
    package init(
        _ type: WebhookEventType,
        room: RoomName?,
        sequence: UInt64? = nil,
        subject: ParticipantID? = nil,
        at time: WallClockTime,
        id: String? = nil,
        data: some Encodable
    ) {
        self.type = type
        self.room = room
        self.sequence = sequence
        self.subject = subject
        self.id = id ?? Self.randomID()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let document = Document(type: type, timestamp: time.rfc3339, data: data)
        // Only values without floating-point numbers are told, and their encoding cannot fail.
        body = (try? encoder.encode(document)).map { Array($0) } ?? []
    }

    /// 128 random bits.
    private static func randomID() -> String {
        var random = SystemRandomNumberGenerator()
        return "msg_" + String(random.next(), radix: 36) + String(random.next(), radix: 36)
    }
}
