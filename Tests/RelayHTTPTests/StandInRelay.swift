import Disclosures
import Partners
import Primitives
import RoomControl
import Synchronization

/// A relay that answers as the boundary says and remembers what it was asked.
final class StandInRelay: RelayService {
    struct Asked {
        var published: [PublishRequest] = []
        var viewed: [ViewRequest] = []
        var patches: [(fragment: String, ifMatch: String?)] = []
        var ended: [SessionID] = []
        var renewals: [PartnerAdmission] = []
        var partnerChanges: [PartnerChange] = []
        var listedPartners: [String] = []
        var pushes: [PushStatus] = []
        var changes: [(changes: [ConsentChange], actor: ConsentActor, sendsPrivacyControl: Bool)] = []
        var resumedAfter: [UInt64?] = []
        var ends: [ConsentActor] = []
        var governed: [(room: String, content: ConsentEvent.Content)] = []
    }

    static let publishing = SessionID("publishing-session_0123456789")
    static let viewing = SessionID("viewing-session_0123456789")
    static let epoch = 7 as UInt64
    static let effectiveAt = WallClockTime(nanosecondsSince1970: 1_790_000_000_123_456_789)

    let asked = Mutex(Asked())
    let rights: Mutex<RightsAsked>
    let problem: RelayProblem?
    let ready: Bool
    let events: [RelayEvent]
    /// Whether event streams stay open after the events there are.
    let keepsStreamsOpen: Bool
    let publicationFailure: String?
    private let present: [RoomSummary]

    init(
        problem: RelayProblem? = nil,
        rooms: [RoomSummary] = [
            RoomSummary(room: "other", publishers: 1, viewers: 0),
            RoomSummary(room: "demo", publishers: 2, viewers: 5),
        ],
        ready: Bool = true,
        events: [RelayEvent] = [],
        keepsStreamsOpen: Bool = false,
        standing: RightsStanding = RightsStanding(isKnown: true, erasedAt: nil),
        publicationFailure: String? = nil
    ) {
        rights = Mutex(RightsAsked(standing: standing))
        self.problem = problem
        self.ready = ready
        self.events = events
        self.keepsStreamsOpen = keepsStreamsOpen
        self.publicationFailure = publicationFailure
        present = rooms
    }

    private func refuse() throws(RelayProblem) {
        if let problem { throw problem }
    }

    private func judge(sdp: String) throws(RelayProblem) {
        guard sdp.hasPrefix("v=0") else {
            throw RelayProblem("sdp-malformed", status: 400, detail: "line 1: v=0 is missing")
        }
    }

    func publish(_ request: PublishRequest) async throws(RelayProblem) -> SessionAnswer {
        try refuse()
        try judge(sdp: request.offer)
        asked.withLock { $0.published.append(request) }
        return SessionAnswer(
            session: Self.publishing,
            sdp: "v=0\r\nanswer",
            entityTag: "\"ice-1\"",
            awaitsConsent: request.grants.isEmpty
        )
    }

    func view(_ request: ViewRequest) async throws(RelayProblem) -> SessionAnswer {
        try refuse()
        try judge(sdp: request.offer)
        asked.withLock { $0.viewed.append(request) }
        return SessionAnswer(
            session: Self.viewing,
            sdp: "v=0\r\nanswer",
            entityTag: "\"ice-2\"",
            awaitsConsent: false
        )
    }

    func owner(of session: SessionID) async -> SessionOwner? {
        guard let room = RoomName("demo"), let participant = ParticipantID("ada") else { return nil }
        switch session {
        case Self.publishing: return .publisher(room, participant)
        case Self.viewing: return .viewer(room, .roomViewers)
        default: return nil
        }
    }

    func patch(
        _ session: SessionID,
        fragment: String,
        ifMatch: String?
    ) async throws(RelayProblem) -> PatchOutcome {
        asked.withLock { $0.patches.append((fragment, ifMatch)) }
        guard let ifMatch else {
            throw RelayProblem("precondition-required", status: 428, detail: "send If-Match")
        }
        if ifMatch == "*" { return .restarted(fragment: "a=ice-ufrag:new", entityTag: "\"ice-3\"") }
        guard ifMatch == "\"ice-1\"" else {
            throw RelayProblem("precondition-failed", status: 412, detail: "another ICE session")
        }
        return .accepted
    }

    func end(_ session: SessionID) async throws(RelayProblem) {
        asked.withLock { $0.ended.append(session) }
    }

    func viewerEvents(
        _ session: SessionID,
        after lastEvent: UInt64?
    ) async throws(RelayProblem) -> AsyncStream<RelayEvent> {
        stream(after: lastEvent)
    }

    func participantEvents(
        _ room: RoomName,
        _ participant: ParticipantID,
        after lastEvent: UInt64?
    ) async throws(RelayProblem) -> AsyncStream<RelayEvent> {
        stream(after: lastEvent)
    }

    private func stream(after lastEvent: UInt64?) -> AsyncStream<RelayEvent> {
        asked.withLock { $0.resumedAfter.append(lastEvent) }
        let (stream, continuation) = AsyncStream<RelayEvent>.makeStream()
        for event in events where event.sequence > lastEvent ?? 0 { continuation.yield(event) }
        if !keepsStreamsOpen { continuation.finish() }
        return stream
    }

    func consents(
        _ room: RoomName,
        _ participant: ParticipantID
    ) async throws(RelayProblem) -> ConsentOverview {
        try refuse()
        return ConsentOverview(
            room: room.text,
            participant: participant.text,
            epoch: Self.epoch,
            onAir: true,
            audiences: [
                AudienceState(
                    purpose: "live_room",
                    recipientClass: "room_viewer",
                    recipient: nil,
                    consent: "ConsentGiven",
                    state: "live",
                    reason: nil,
                    viewers: 3
                )
            ]
        )
    }

    func changeConsents(
        _ room: RoomName,
        _ participant: ParticipantID,
        _ changes: [ConsentChange],
        by actor: ConsentActor,
        sendsPrivacyControl: Bool,
        ifEpoch: Set<UInt64>?
    ) async throws(RelayProblem) -> ConsentAcknowledgement {
        try refuse()
        if let ifEpoch, !ifEpoch.contains(Self.epoch) {
            throw RelayProblem("precondition-failed", status: 412, detail: "the epoch is \(Self.epoch)")
        }
        asked.withLock { $0.changes.append((changes, actor, sendsPrivacyControl)) }
        return ConsentAcknowledgement(effectiveAt: Self.effectiveAt, epoch: 8, statements: [8])
    }

    func rooms() async -> [RoomSummary] { present }

    // MARK: Partners

    func renew(_ session: SessionID, _ admission: PartnerAdmission) async throws(RelayProblem) {
        guard session == Self.viewing else {
            throw RelayProblem("unknown-session", status: 404, detail: "no such session")
        }
        asked.withLock { $0.renewals.append(admission) }
    }

    func endSessions(after change: PartnerChange) async -> Int {
        asked.withLock { $0.partnerChanges.append(change) }
        return 0
    }

    func tell(ofListed partner: Partner) async {
        asked.withLock { $0.listedPartners.append(partner.id) }
    }

    // MARK: Re-broadcasts

    func startPush(
        _ room: RoomName,
        to destination: String,
        stream: StreamID?
    ) async throws(RelayProblem) -> PushStatus {
        try refuse()
        let order = PushOrder(id: "p1", room: room, destination: destination, stream: stream?.text)
        let push = PushStatus(order, partner: "site", state: .waitingForConsent, reason: "room-not-live")
        asked.withLock { $0.pushes.append(push) }
        return push
    }

    func pushes(of room: RoomName) async -> [PushStatus] {
        asked.withLock { $0.pushes.filter { $0.room == room.text } }
    }

    func endPush(_ id: String, of room: RoomName) async throws(RelayProblem) {
        let wasThere = asked.withLock { asked in
            defer { asked.pushes.removeAll { $0.id == id } }
            return asked.pushes.contains { $0.id == id }
        }
        guard wasThere else { throw .unknownPush }
    }

    // MARK: Governance

    static let notice = NoticeWords(language: "en", text: "What happens to your picture.")

    func governance(of room: RoomName) async throws(RelayProblem) -> GovernedRoom {
        try refuse()
        return GovernedRoom(epoch: Self.epoch, rules: .initial, controller: "Example Ltd", notices: [])
    }

    func governance(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> GovernedParticipant {
        try refuse()
        let status = PrincipalStatus(participant: participant, ageBand: .under13, guardian: "parent-1")
        return GovernedParticipant(epoch: Self.epoch, status: status, holds: [], demands: [])
    }

    func publish(
        _ notice: NoticePublication,
        in room: RoomName
    ) async throws(RelayProblem) -> ConsentAcknowledgement {
        try refuse()
        return ConsentAcknowledgement(effectiveAt: Self.effectiveAt, epoch: 8)
    }

    func noticeText(sha256: String) async throws(RelayProblem) -> NoticeWords? {
        sha256.allSatisfy { $0 == "a" } ? Self.notice : nil
    }

    func govern(
        _ room: RoomName,
        by content: ConsentEvent.Content,
        ifEpoch: Set<UInt64>?
    ) async throws(RelayProblem) -> ConsentAcknowledgement {
        try refuse()
        asked.withLock { $0.governed.append((room.text, content)) }
        return ConsentAcknowledgement(effectiveAt: Self.effectiveAt, epoch: 8)
    }

    func endEveryGrant(
        of participant: ParticipantID,
        by actor: ConsentActor,
        including room: RoomName?
    ) async throws(RelayProblem) -> [RoomAcknowledgement] {
        try refuse()
        guard let room = RoomName("demo") else { return [] }
        let acknowledgement = ConsentAcknowledgement(effectiveAt: Self.effectiveAt, epoch: 8)
        asked.withLock { $0.ends.append(actor) }
        return [RoomAcknowledgement(room: room, acknowledgement: acknowledgement)]
    }

    func history(
        of participant: ParticipantID,
        in room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(RelayProblem) -> [ConsentEvent] {
        try refuse()
        return (sequence + 1..<sequence + 1 + UInt64(limit)).map { number in
            ConsentEvent(
                sequence: number,
                time: Self.effectiveAt,
                content: .principal(PrincipalStatus(participant: participant))
            )
        }
    }

    func tally(of room: RoomName) async -> [TallyLine] {
        guard room.text == "demo" else { return [] }
        return (1...3).map { number in
            TallyLine(
                stream: "stream-1",
                participant: "ada",
                media: "video",
                purpose: "live_embed",
                recipientClass: "embed_partner",
                recipient: "partner-\(number).example",
                granted: number == 1,
                reason: number == 1 ? nil : "no-record",
                viewers: 2,
                receiving: number == 1 ? 2 : 0,
                place: "1-\(number)"
            )
        }
    }

    func metricsText() async -> String { "# TYPE tally_peers gauge\ntally_peers 3" }

    func isReady() async -> Bool { ready }
}
