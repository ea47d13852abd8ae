import Disclosures
import Primitives

/// A notice as pages link it: its words are at `/v1/notices/{sha256}`.
package struct NoticeLink: Sendable, Codable, Equatable {
    package var id: String
    package var version: String
    /// Language of the text (BCP 47).
    package var language: String?
    /// SHA-256 of the text, in lowercase hexadecimal.
    package var sha256: String
    /// Who decides about the data.
    package var controller: String?
    /// `editorial` or `material`.
    package var change: String?

    package init(_ notice: NoticeVersion) {
        id = notice.id
        version = notice.version
        language = notice.language
        sha256 = notice.sha256
        controller = notice.controller
        change = notice.change.rawValue
    }

    package init(_ reference: NoticeReference) {
        id = reference.id
        version = reference.version
        sha256 = reference.sha256
    }
}

/// One audience as the participant sees it.
package struct AudienceState: Sendable, Codable {
    package var purpose: String
    package var recipientClass: String
    package var recipient: String?
    /// Whether this is every recipient of the class that the operator lists.
    package var wholeClass: Bool?
    /// The recorded state in the standards' name, for example `ConsentGiven`.
    package var consent: String
    /// `live` (the enforcement point sends), `permitted` (nobody receives or nothing is on air) or `withheld`.
    package var state: String
    /// The deny reason while withheld.
    package var reason: String?
    /// Sessions of this audience in the room.
    package var viewers: Int
    /// The record in force: where it stands in the log, how it was given, the notice it rests on.
    package var record: AudienceRecord?
    /// The notices that a grant may name now, one a language; absent where none is required.
    package var notices: [NoticeLink]?
    /// Whether a grant of before no longer counts and is asked for anew.
    package var needsRenewal: Bool?

    package init(
        purpose: String,
        recipientClass: String,
        recipient: String?,
        wholeClass: Bool? = nil,
        consent: String,
        state: String,
        reason: String?,
        viewers: Int,
        record: AudienceRecord? = nil,
        notices: [NoticeLink]? = nil,
        needsRenewal: Bool? = nil
    ) {
        self.purpose = purpose
        self.recipientClass = recipientClass
        self.recipient = recipient
        self.wholeClass = wholeClass
        self.consent = consent
        self.state = state
        self.reason = reason
        self.viewers = viewers
        self.record = record
        self.notices = notices
        self.needsRenewal = needsRenewal
    }

    private enum CodingKeys: String, CodingKey {
        case purpose
        case recipientClass = "recipient_class"
        case recipient
        case wholeClass = "whole_class"
        case consent
        case state
        case reason
        case viewers
        case record
        case notices
        case needsRenewal = "needs_renewal"
    }
}

/// The record that an audience's state rests on.
package struct AudienceRecord: Sendable, Codable, Equatable {
    package var sequence: UInt64
    package var time: String
    package var source: String
    package var from: String?
    package var until: String?
    package var notice: NoticeLink?

    package init(_ record: ConsentRecord) {
        sequence = record.sequence
        time = record.time.rfc3339
        source = record.statement.source.rawValue
        from = record.statement.validity.from?.rfc3339
        until = record.statement.validity.until?.rfc3339
        notice = record.statement.notice.map { NoticeLink($0) }
    }
}

/// A participant's consents in one room, as `GET …/consents` answers.
package struct ConsentOverview: Sendable, Codable {
    package var room: String
    package var participant: String
    package var epoch: UInt64
    package var onAir: Bool
    package var audiences: [AudienceState]
    /// The participant's own opaque stream, once it has published.
    package var stream: String?

    package init(
        room: String,
        participant: String,
        epoch: UInt64,
        onAir: Bool,
        audiences: [AudienceState],
        stream: String? = nil
    ) {
        self.room = room
        self.participant = participant
        self.epoch = epoch
        self.onAir = onAir
        self.audiences = audiences
        self.stream = stream
    }

    private enum CodingKeys: String, CodingKey {
        case room
        case participant
        case epoch
        case onAir = "on_air"
        case audiences
        case stream
    }
}
