import Disclosures
import Partners
import Primitives

/// One push as its room runs it.
struct Push {
    let order: PushOrder
    /// Under which terms its sessions were begun; `nil` while it is stopped.
    var terms: Destination.Terms?
    /// What of them the partner's own terms said that concerns the media.
    var share: PartnerShare?
    /// The audience that it keeps present.
    var place: PlacedAudience?
    var streams: [ParticipantID: PushedStream] = [:]
    /// Why nothing of it runs.
    var stop: PushStop?
}

/// What a partner may have, as far as a running push has to follow it.
struct PartnerShare: Equatable {
    let media: Set<MediaType>
    let regions: Set<Region>

    init(_ terms: Partner.Terms) {
        media = terms.media
        regions = terms.regions
    }
}

/// Why nothing of a push runs.
struct PushStop: Equatable {
    let state: PushState
    let reason: String
}

/// One participant's stream toward a destination.
struct PushedStream {
    enum Phase {
        case waiting(reason: String)
        /// An offer is on its way; whoever answers it names the same attempt.
        case offering(PushAttempt)
        /// The server has answered; checks and handshake are under way.
        case joining(PushSession)
        case live(PushSession)
        case backingOff(until: MonotonicTime, reason: String)
    }

    let stream: StreamID
    var phase: Phase
    var backOff = ReconnectionBackOff()

    init(_ stream: StreamID) {
        self.stream = stream
        phase = .waiting(reason: DenyReason.noRecord.rawValue)
    }

    var session: PushSession? {
        get {
            switch phase {
            case .joining(let session), .live(let session): session
            case .waiting, .offering, .backingOff: nil
            }
        }
        set {
            guard let newValue else { return }
            switch phase {
            case .joining: phase = .joining(newValue)
            case .live: phase = .live(newValue)
            case .waiting, .offering, .backingOff: break
            }
        }
    }

    var attempt: PushAttempt? {
        guard case .offering(let attempt) = phase else { return nil }
        return attempt
    }

    var state: PushState {
        switch phase {
        case .waiting: .waitingForConsent
        case .offering, .joining: .connecting
        case .live: .live
        case .backingOff: .backingOff
        }
    }

    var reason: String? {
        switch phase {
        case .waiting(let reason), .backingOff(_, let reason): reason
        case .offering, .joining, .live: nil
        }
    }
}

/// An offer that waits for its answer, with the socket that stands in it.
struct PushAttempt {
    let number: UInt64
    let loop: Int
    let port: UInt16
    let offer: PushOffer
}

/// A session that a server has made.
struct PushSession {
    /// The viewing session that stands for it in the room.
    let viewing: SessionID
    /// Its name in the ledger, which tells nobody how to end it.
    let name: String
    let url: ServerURL
    let loop: Int
    let port: UInt16
    /// `nil` where the destination has no webhook.
    let courier: ConsentCourier?
    var liveSince: MonotonicTime?
    /// What its packets say now, by line.
    var carried: [Int: (media: MediaType, state: CarriedConsent)] = [:]
    /// Counts what the destination was told.
    var sequence = 0

    var carriedNames: [String: [String]] {
        carried.values.reduce(into: [:]) { $0[$1.media.rawValue] = $1.state.names }
    }
}

/// What a viewing session is of a push.
struct PushedViewing {
    let push: String
    let participant: ParticipantID
    /// The tracks that it was offered.
    let offered: Set<TrackID>
    /// Those that it has accepted.
    let tracks: Set<TrackID>
}
