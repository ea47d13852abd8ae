import ConsentAuthority
import Disclosures
import Primitives
import Testing

/// One authority with its effects, and a clock that moves only when told to.
struct AuthorityFixture {
    let alice: ParticipantID
    let partner: Audience
    var authority: RoomAuthority
    var effects: [ConsentEffect] = []
    var now = ClockReading(
        wall: WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000),
        monotonic: MonotonicTime(nanoseconds: 5_000_000_000)
    )

    static let track = TrackID(1)
    static let viewers = AudienceID(1)
    static let embed = AudienceID(2)

    /// Alice's video is live toward the room and one partner; the heartbeat is fresh.
    init(folding events: [ConsentEvent] = [], heartbeat: Bool = true) throws {
        alice = try #require(ParticipantID("alice"))
        partner = try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        let room = try #require(RoomName("lobby"))
        authority = RoomAuthority(room: room, state: RoomConsent(folding: events))
        authority.audienceArrived(Self.viewers, .roomViewers, now: now, effects: &effects)
        authority.audienceArrived(Self.embed, partner, now: now, effects: &effects)
        authority.trackStarted(
            Self.track,
            participant: alice,
            media: .video,
            stream: "cam",
            now: now,
            effects: &effects
        )
        if heartbeat { beat() }
    }

    func statement(
        _ state: ConsentState = .given,
        _ purpose: Purpose = .liveRoom,
        to recipient: String? = nil,
        media: Set<MediaType> = [.audio, .video],
        fromMilliseconds from: Int64? = nil,
        untilMilliseconds until: Int64? = nil,
        source: ConsentSource = .page,
        givenAt: WallClockTime? = nil,
        notice: NoticeReference? = nil
    ) -> ConsentStatement {
        ConsentStatement(
            participant: alice,
            purpose: purpose,
            recipient: recipient,
            state: state,
            media: media,
            validity: ValidityWindow(
                from: from.map { now.wall.advanced(byNanoseconds: $0 * 1_000_000) },
                until: until.map { now.wall.advanced(byNanoseconds: $0 * 1_000_000) }
            ),
            source: source,
            givenAt: givenAt ?? now.wall,
            notice: notice
        )
    }

    // MARK: - Events

    mutating func advance(milliseconds: Int64) {
        now.monotonic = now.monotonic.advanced(byMilliseconds: milliseconds)
        now.wall = now.wall.advanced(byNanoseconds: milliseconds * 1_000_000)
    }

    @discardableResult
    mutating func submit(_ statements: ConsentStatement...) -> ConsentTicket {
        authority.submit(statements, of: alice, now: now, effects: &effects)
    }

    @discardableResult
    mutating func submit(
        _ contents: ConsentEvent.Content...,
        about subject: ConsentEvent.Subject
    ) -> ConsentTicket {
        authority.submit(contents, about: subject, now: now, effects: &effects)
    }

    mutating func endEveryGrant(_ state: ConsentState) -> ConsentTicket {
        authority.endEveryGrant(
            of: alice,
            state: state,
            source: .api,
            entity: "op",
            now: now,
            effects: &effects
        )
    }

    mutating func beat() {
        authority.heartbeatCommitted(startedAt: now.monotonic, now: now, effects: &effects)
    }

    mutating func tick() { authority.tick(now: now, effects: &effects) }

    /// Answers the append that is under way.
    mutating func commit() throws {
        authority.appendCommitted(try #require(appends.last).ticket, now: now, effects: &effects)
    }

    mutating func failAppend() throws {
        authority.appendFailed(try #require(appends.last).ticket, now: now, effects: &effects)
    }

    mutating func read(_ events: [ConsentEvent] = []) {
        authority.logRead(events, now: now, effects: &effects)
    }

    mutating func endGrace() throws {
        let grace = try #require(
            effects.compactMap { effect in
                if case .beginGrace(let ticket) = effect { return ticket }
                return nil
            }.last
        )
        authority.graceCompleted(grace, now: now, effects: &effects)
    }

    /// A room in which `statements` have been granted, acknowledged and forgotten from `effects`.
    mutating func grant(_ statements: ConsentStatement...) throws {
        _ = authority.submit(statements, of: alice, now: now, effects: &effects)
        try commit()
        effects = []
    }

    /// A room in which `contents` have been recorded, one request each, and forgotten from `effects`.
    mutating func grant(_ contents: ConsentEvent.Content...) throws {
        for content in contents {
            submit(content, about: content.subject)
            try commit()
        }
        effects = []
    }

    // MARK: - What was asked of the driver

    var appends: [(events: [ConsentEvent], ticket: AppendTicket)] {
        effects.compactMap { effect in
            if case .append(let events, let ticket) = effect { return (events, ticket) }
            return nil
        }
    }

    var acknowledged: [ConsentTicket] {
        effects.compactMap { effect in
            if case .acknowledge(let ticket, _) = effect { return ticket }
            return nil
        }
    }

    func acknowledgement(of ticket: ConsentTicket) -> Acknowledgement? {
        effects.compactMap { effect in
            if case .acknowledge(ticket, let acknowledgement) = effect { return acknowledgement }
            return nil
        }.first
    }

    var refused: [ConsentTicket: DenyReason] {
        var result: [ConsentTicket: DenyReason] = [:]
        for effect in effects {
            if case .refuse(let ticket, let reason) = effect { result[ticket] = reason }
        }
        return result
    }

    /// The effects on gates, as words: `open 1`, `renew 1`, `close 2` (audience).
    var gateWords: [String] {
        effects.compactMap { effect in
            switch effect {
            case .openGate(_, let audience, _, _): "open \(audience.rawValue)"
            case .renewGate(_, let audience, _, _): "renew \(audience.rawValue)"
            case .closeGate(_, let audience): "close \(audience.rawValue)"
            default: nil
            }
        }
    }

    /// What the participant was last told about an audience.
    func told(_ audience: AudienceID = viewers) -> Decision? {
        effects.compactMap { effect in
            if case .changed(_, audience, let decision) = effect { return decision }
            return nil
        }.last
    }

    /// The end of the lease that was last set for an audience.
    func leaseEnd(_ audience: AudienceID = viewers) -> MonotonicTime? {
        effects.compactMap { effect in
            switch effect {
            case .openGate(_, audience, _, let end), .renewGate(_, audience, _, let end): end
            default: nil
            }
        }.last
    }

    func index(where matches: (ConsentEffect) -> Bool) -> Int? { effects.firstIndex(where: matches) }
}
