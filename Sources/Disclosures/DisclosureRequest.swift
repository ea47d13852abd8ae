import Primitives

/// Where stored media comes from: a run of a recorder, of which it is a stretch `[from, until)` of civil time.
package struct CapturedMedia: Sendable, Hashable {
    /// The recorder's name, as the audience of the recording carried it.
    package let recorder: String
    package let from: WallClockTime
    package let until: WallClockTime
    /// The consent epochs of the permits that it was captured under, which no clock can set back.
    package let epochs: ClosedRange<UInt64>?
    /// Where the recorder was; `nil` if that is not known.
    package let recorderRegion: Region?

    package init(
        recorder: String,
        from: WallClockTime,
        until: WallClockTime,
        epochs: ClosedRange<UInt64>? = nil,
        recorderRegion: Region? = nil
    ) {
        self.recorder = recorder
        self.from = from
        self.until = until
        self.epochs = epochs
        self.recorderRegion = recorderRegion
    }
}

/// One track of somebody who is on air.
package struct TrackOnAir: Sendable, Hashable {
    package let participant: ParticipantID
    package let media: MediaType
    package let stream: String
    package let session: String?
    /// What the relay that passed it on carries along; `nil` for a stream from nowhere else.
    package let carried: CarriedConsent?

    package init(
        participant: ParticipantID,
        media: MediaType,
        stream: String,
        session: String? = nil,
        carried: CarriedConsent? = nil
    ) {
        self.participant = participant
        self.media = media
        self.stream = stream
        self.session = session
        self.carried = carried
    }
}

/// The question of the door: whether this kind of media of this stream may reach this audience.
///
/// What is left out is unknown, and unknown never opens anything.
package struct DisclosureRequest: Sendable, Hashable {
    package var participant: ParticipantID
    package var media: MediaType
    package var audience: Audience
    /// The stream asked for, as grants name it in their scope.
    package var stream: String
    /// The publishing session asked for, as grants name it in their scope.
    package var session: String?
    /// Where the recipient is.
    package var recipientRegion: Region?
    /// When the participant joined the room: rules declared later do not bar who refuses recording.
    package var joinedAt: WallClockTime?
    /// What the relay that passed the stream on carries along; `nil` for a stream from nowhere else.
    package var carried: CarriedConsent?
    /// Where stored media comes from; `nil` for live media.
    package var captured: CapturedMedia?
    /// Everything that is on air, for rooms in which everybody has to agree.
    package var onAir: [TrackOnAir]?
    /// The epoch that the asker has in mind; another one is refused.
    package var expectedEpoch: UInt64?

    package init(
        participant: ParticipantID,
        media: MediaType,
        audience: Audience,
        stream: String,
        session: String? = nil,
        recipientRegion: Region? = nil,
        joinedAt: WallClockTime? = nil,
        carried: CarriedConsent? = nil,
        captured: CapturedMedia? = nil,
        onAir: [TrackOnAir]? = nil,
        expectedEpoch: UInt64? = nil
    ) {
        self.participant = participant
        self.media = media
        self.audience = audience
        self.stream = stream
        self.session = session
        self.recipientRegion = recipientRegion
        self.joinedAt = joinedAt
        self.carried = carried
        self.captured = captured
        self.onAir = onAir
        self.expectedEpoch = expectedEpoch
    }

    /// The same question about somebody else on air.
    func about(_ track: TrackOnAir) -> DisclosureRequest {
        var other = self
        other.participant = track.participant
        other.media = track.media
        other.stream = track.stream
        other.session = track.session
        other.carried = track.carried
        return other
    }
}
