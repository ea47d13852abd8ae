import Primitives

/// The notice that a participant was shown: which one, and the digest of its text.
package struct NoticeReference: Sendable, Hashable {
    package let id: String
    /// SHA-256 of the notice's text, in lowercase hexadecimal.
    package let sha256: String

    package init(id: String, sha256: String) {
        self.id = id
        self.sha256 = sha256
    }
}

/// Half-open validity `[from, until)` in civil time; an absent bound does not limit.
package struct ValidityWindow: Sendable, Hashable {
    package var from: WallClockTime?
    package var until: WallClockTime?

    package init(from: WallClockTime? = nil, until: WallClockTime? = nil) {
        self.from = from
        self.until = until
    }

    /// No bounds.
    package static let always = ValidityWindow()

    package var isUnbounded: Bool { from == nil && until == nil }

    package func contains(_ time: WallClockTime) -> Bool {
        if let from, time < from { return false }
        if let until, time >= until { return false }
        return true
    }

    /// Whether no moment lies in this window.
    package var isEmpty: Bool {
        guard let from, let until else { return false }
        return until <= from
    }

    /// The moments that lie in both windows.
    package func intersection(_ other: ValidityWindow) -> ValidityWindow {
        ValidityWindow(
            from: [from, other.from].compactMap(\.self).max(),
            until: [until, other.until].compactMap(\.self).min()
        )
    }

    /// Whether every moment of `other` lies in this window.
    package func covers(_ other: ValidityWindow) -> Bool {
        if let from {
            guard let start = other.from, start >= from else { return false }
        }
        if let until {
            guard let end = other.until, end <= until else { return false }
        }
        return true
    }
}

/// What one record is about: a later event with the same key replaces an earlier one.
package struct ConsentKey: Sendable, Hashable {
    package let participant: ParticipantID
    package let purpose: Purpose
    /// The named recipient; a refusal without one applies to every recipient of the purpose.
    package let recipient: String?
    /// The stream meant; `nil` means every stream of the participant.
    package let stream: String?
    /// Sources that only narrow keep records of their own, so that lifting one never lifts a person's refusal.
    package let narrowingSource: ConsentSource?

    package init(
        participant: ParticipantID,
        purpose: Purpose,
        recipient: String?,
        stream: String?,
        source: ConsentSource
    ) {
        self.participant = participant
        self.purpose = purpose
        self.recipient = recipient
        self.stream = stream
        narrowingSource = source.onlyNarrows ? source : nil
    }
}

/// What a participant, or somebody entitled, says about one purpose and recipient.
package struct ConsentStatement: Sendable, Hashable {
    package let participant: ParticipantID
    package let purpose: Purpose
    /// The named recipient; `nil` for `live_room`, and in refusals of every recipient.
    package let recipient: String?
    /// The stream meant; `nil` means every stream of the participant.
    package let stream: String?
    package let state: ConsentState
    /// The media covered; empty in a refusal means all media.
    package let media: Set<MediaType>
    package let validity: ValidityWindow
    package let source: ConsentSource
    /// When it was expressed: for a token the time of issue, else the time of the request.
    package let givenAt: WallClockTime
    /// Who acted (`entity_id`); `nil` is the participant.
    package let entity: String?
    package let notice: NoticeReference?

    package init(
        participant: ParticipantID,
        purpose: Purpose,
        recipient: String? = nil,
        stream: String? = nil,
        state: ConsentState,
        media: Set<MediaType>,
        validity: ValidityWindow = .always,
        source: ConsentSource,
        givenAt: WallClockTime,
        entity: String? = nil,
        notice: NoticeReference? = nil
    ) {
        self.participant = participant
        self.purpose = purpose
        self.recipient = recipient
        self.stream = stream
        self.state = state
        self.media = media
        self.validity = validity
        self.source = source
        self.givenAt = givenAt
        self.entity = entity
        self.notice = notice
    }

    package var key: ConsentKey {
        ConsentKey(
            participant: participant,
            purpose: purpose,
            recipient: recipient,
            stream: stream,
            source: source
        )
    }

    /// The same statement in another state, or about other media or another time.
    package func with(
        state: ConsentState? = nil,
        media: Set<MediaType>? = nil,
        validity: ValidityWindow? = nil
    ) -> ConsentStatement {
        ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipient: recipient,
            stream: stream,
            state: state ?? self.state,
            media: media ?? self.media,
            validity: validity ?? self.validity,
            source: source,
            givenAt: givenAt,
            entity: entity,
            notice: notice
        )
    }

    /// Whether a record with this statement can permit at all.
    package var permits: Bool { state.permits && !source.onlyNarrows }
}

/// One entry of a room's append-only consent log.
package struct ConsentEvent: Sendable, Hashable {
    /// Position in the room's log, from 1; also the room's epoch once this event is in force.
    package let sequence: UInt64
    /// When the relay took the statement.
    package let time: WallClockTime
    package let statement: ConsentStatement

    package init(sequence: UInt64, time: WallClockTime, statement: ConsentStatement) {
        self.sequence = sequence
        self.time = time
        self.statement = statement
    }
}
