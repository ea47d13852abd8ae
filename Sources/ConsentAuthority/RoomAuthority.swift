import Disclosures
import Primitives

/// The authority over one room's disclosures: the only writer of its log and of its gates.
///
/// A machine without I/O. What widens is durable before it opens; what narrows closes at once, is then
/// appended, waits for the grace period and is only then acknowledged. Nothing opens or is renewed unless a
/// heartbeat was committed to the log within the last second. What is about the room (notices, rules, the
/// controller) acts on everybody with the same discipline.
package struct RoomAuthority: Sendable {
    struct GateKey: Hashable {
        let track: TrackID
        let audience: AudienceID
    }

    struct Track {
        let participant: ParticipantID
        let media: MediaType
        let stream: String
        let session: String?
        let joinedAt: WallClockTime
        /// What the relay that passes it on carries along; `nil` for a stream from nowhere else.
        var carried: CarriedConsent?
    }

    /// An audience as everybody on air has to agree to it.
    struct JointAudience: Hashable {
        let audience: Audience
        let region: Region?
    }

    struct PresentAudience {
        let audience: Audience
        let region: Region?
    }

    struct Gate {
        var isOpen = false
        var leaseEnd = MonotonicTime.distantPast
        var lastTold: Decision?
    }

    /// A grant's window on the monotonic clock; it only ever shrinks, whatever the civil clock does.
    struct Window {
        var opensAt: MonotonicTime
        var endsAt: MonotonicTime
    }

    struct Grace {
        var answers: [(ticket: ConsentTicket, events: [ConsentEvent])]
        let epoch: UInt64
    }

    /// An event that the log may hold although its request was refused.
    struct Doubtful {
        let ordinal: UInt64
        let event: ConsentEvent
    }

    /// What is known of the log's end.
    enum LogState {
        /// The fold has everything that was written.
        case known
        /// An append failed: whether it was written is to be read.
        case unknown
        case reading
    }

    package let room: RoomName
    /// The fold of everything that is known to be durable.
    package internal(set) var durable: RoomConsent

    /// Whether nobody knows what the log's end is: an append failed, and the log has not been read since.
    package var isLogUncertain: Bool { !doubtful.isEmpty || logState != .known }

    /// Whether something was asked for that the log does not hold, or may hold without our knowing: such a room
    /// must not be forgotten.
    package var hasUnwritten: Bool {
        !pending.isEmpty || inFlight != nil || isLogUncertain
    }

    var tracks: [TrackID: Track] = [:]
    var audiences: [AudienceID: PresentAudience] = [:]
    var gates: [GateKey: Gate] = [:]
    var tracksOfParticipant: [ParticipantID: Set<TrackID>] = [:]
    /// Windows of the grants and demands that have bounds, by the sequence of their event.
    var windows: [ParticipantID: [UInt64: Window]] = [:]

    /// Requests that the log does not hold, in the order of submission.
    ///
    /// A fence, which is a request that could not be written, lives here and nowhere else until the log is back: the
    /// driver must not let go of an authority that `hasUnwritten`, and the end of the process ends it too.
    var pending: [ConsentEvent.Subject: [PendingRequest]] = [:]
    /// Requests that wait to be appended: subject and ordinal, in the order of submission.
    var queue: [(subject: ConsentEvent.Subject, ordinal: UInt64)] = []
    var inFlight: (ticket: AppendTicket, events: [Doubtful])?
    /// Events of failed appends, of whose fate the log has the last word.
    var doubtful: [Doubtful] = []
    var logState = LogState.known
    var graces: [GraceTicket: Grace] = [:]

    var newestHeartbeat: MonotonicTime?
    var renewalDue = MonotonicTime.distantPast
    private var lastNumber: UInt64 = 0

    /// An authority over `state`, the fold of the room's whole log; everything is closed.
    package init(room: RoomName, state: RoomConsent) {
        self.room = room
        durable = state
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }
}
