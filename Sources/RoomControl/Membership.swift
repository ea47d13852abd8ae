import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Rooms
import SessionDescriptions

/// One published track with what its publisher negotiated.
struct PublishedTrack {
    let ring: MediaRing
    let media: NegotiatedMedia
    /// What the relay that passes it on carries along; `nil` for a stream from nowhere else.
    var carried: CarriedConsent?
    /// What its newest source sends; `nil` before the first packet.
    var codec: MediaCodec?

    /// What was negotiated of the codec that it sends.
    var sentCodec: NegotiatedCodec? {
        codec.flatMap { codec in media.codecs.first { Negotiation.codec($0.name) == codec } }
    }

    var id: TrackID { ring.track }
    var type: MediaType { ring.kind == .audio ? .audio : .video }
}

/// One publishing session.
struct Publication {
    let session: SessionID
    let peer: PeerID
    let loop: Int
    let participant: ParticipantID
    let stream: StreamID
    let displayName: String
    let origin: SessionOrigin
    let createdAt: MonotonicTime
    var negotiated: NegotiatedSession
    var entityTag: String
    var tracks: [PublishedTrack]
    /// The peer's fragment after an ICE restart; before one, the offer's.
    var restartedUfrag: String?
    /// Path and keys are there: the participant is on air.
    var isOnAir = false
    /// Tracks whose source has said good-bye and not come back.
    var endedTracks: Set<TrackID> = []
    /// Order of going on air.
    var ordinal = 0

    /// What another relay lets be done with the whole of it; `nil` for a stream from nowhere else.
    var carried: CarriedConsent? {
        let all = tracks.compactMap(\.carried)
        return all.isEmpty ? nil : all.reduce(CarriedConsent(rawValue: .max)) { $0.intersection($1) }
    }

    /// Whether no media has come for long enough that another session may take its place.
    func isFrozen(now: MonotonicTime) -> Bool {
        if !tracks.isEmpty, tracks.allSatisfy({ endedTracks.contains($0.id) }) { return true }
        let newest = tracks.map(\.ring.newestArrival).max() ?? .distantPast
        return now.milliseconds(since: max(newest, createdAt)) >= RoomTiming.frozenMilliseconds
    }
}

/// One m-line of a viewer, with what the enforcement point last said of it.
struct ViewerLine {
    /// Number among the accepted m-lines: the engine's `mediaIndex`.
    let mediaIndex: Int
    let media: NegotiatedMedia
    var state = MediaLine.State.idle
    /// Whether temporal layers are left out of it.
    var isThinned = false
    /// The track that feeds the line.
    var track: TrackID?
}

/// A place for one participant in a viewer's grid: an audio and a video m-line, or one of them.
struct ViewerSlot {
    var audio: Int?
    var video: Int?
    var stream: StreamID?
}

/// An audience in one place: what may be shown can depend on where it is shown.
struct PlacedAudience: Hashable {
    let audience: Audience
    /// Where the recipients are; `nil` if that is not known.
    let region: Region?
}

/// An audience in the authority's view.
struct PresentAudience {
    let id: AudienceID
    var sessions = 0
    /// Pushes that keep it present.
    var pushes = 0
    /// When the last session went, or the audience came without one.
    var idleSince: MonotonicTime
}

/// One viewing session.
struct Viewing {
    let session: SessionID
    let peer: PeerID
    let loop: Int
    let place: PlacedAudience
    let audienceID: AudienceID
    let origin: SessionOrigin
    /// The partner's grant that the session is open by, if it is one.
    var admission: PartnerAdmission?
    /// When that grant ends.
    var endsAt: MonotonicTime?
    /// The push that the session is of, if it is one.
    var push: PushedViewing?
    let createdAt: MonotonicTime
    var negotiated: NegotiatedSession
    var entityTag: String
    var lines: [ViewerLine]
    var slots: [ViewerSlot]
    /// A plain player: it gets one stream and keeps it.
    let isPlain: Bool
    /// The session in the disclosure ledger: who reads that must not be able to end the session.
    let ledgerName = String(RoomEnvironment.randomName().prefix(32))
    /// The peer's fragment after an ICE restart; before one, the offer's.
    var restartedUfrag: String?
    var feed = EventFeed()
    var hasShownFirstLine = false

    var audience: Audience { place.audience }

    /// Pairs the accepted audio and video lines in order.
    static func slots(_ lines: [ViewerLine]) -> [ViewerSlot] {
        let audio = lines.filter { $0.media.kind == .audio }.map(\.mediaIndex)
        let video = lines.filter { $0.media.kind == .video }.map(\.mediaIndex)
        return (0..<max(audio.count, video.count)).map { index in
            ViewerSlot(
                audio: audio.indices.contains(index) ? audio[index] : nil,
                video: video.indices.contains(index) ? video[index] : nil
            )
        }
    }
}
