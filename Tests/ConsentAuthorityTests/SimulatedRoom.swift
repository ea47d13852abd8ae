import ConsentAuthority
import Disclosures
import Primitives

/// A room under a virtual clock: the real authority and the real gates, with a log that is slow, fails and
/// sometimes lies, consumers that hold passes, a clock that jumps, and a history checker.
struct SimulatedRoom {
    enum Event {
        case tick
        case heartbeatBegins
        case heartbeatEnds(startedAt: MonotonicTime)
        case appendEnds([ConsentEvent], AppendTicket)
        case readEnds(after: UInt64)
        case graceEnds(GraceTicket)
        case somebodyActs
        case consumerReads
        case consumerLetsGo(holder: Int)
        case weatherChanges

        /// Consumers look at gates and change none.
        var mayOpenOrClose: Bool {
            switch self {
            case .consumerReads, .consumerLetsGo, .heartbeatBegins: false
            default: true
            }
        }
    }

    struct GateKey: Hashable {
        let track: TrackID
        let audience: AudienceID
    }

    struct Submission {
        let ticket: ConsentTicket
        let subject: ConsentEvent.Subject
        var contents: [ConsentEvent.Content]
        let time: MonotonicTime
    }

    struct Track {
        let participant: ParticipantID
        let media: MediaType
        let session: String
        let joinedAt: WallClockTime
    }

    struct Holding {
        let gate: GateKey
        let since: MonotonicTime
    }

    let seed: UInt64
    var random: SeededRandom
    var now = ClockReading(
        wall: WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000),
        monotonic: MonotonicTime(nanoseconds: 1_000_000_000_000)
    )
    let participants: [ParticipantID]
    let room: RoomName

    var authority: RoomAuthority
    var gates: [GateKey: DisclosureGate] = [:]
    let fault: DriverFault?
    /// Gates that were opened and not closed since, for a consumer that does not look at leases.
    var everOpened: Set<GateKey> = []
    var tracks: [TrackID: Track] = [:]
    var audiences: [AudienceID: Audience] = [:]
    var schedule: [(time: MonotonicTime, order: Int, event: Event)] = []
    var scheduled = 0
    var nextID = 1 as UInt64

    /// The disk: what a restart finds.
    private(set) var log: [ConsentEvent] = []
    /// The fold of the disk, and what it says in no order, kept for the checker's speed.
    private(set) var disk = RoomConsent()
    private(set) var diskContents: Set<ConsentEvent.Content> = []
    /// What was emitted and acknowledged, judged by the naive evaluator.
    var history = DisclosureHistory()
    /// How likely the log fails, and how slow it is at most.
    var failurePercent = 0
    var slowestMilliseconds = 20 as Int64
    var isHealing = false
    var inFlight: [ConsentEvent] = []

    var submissions: [Submission] = []
    /// What was asked for last on each key and is not durable, oldest first.
    var outstanding: [Submission] = []
    var answers: [ConsentTicket: Bool] = [:]
    var holdings: [Int: Holding] = [:]
    var graceHolders: [GraceTicket: Set<Int>] = [:]
    /// The clocks that gates may still be in line with: at the last refresh of all, and before each jump since.
    var clocks: [ClockReading]
    var newestNotice: NoticeVersion?
    var guardians: [ParticipantID: String] = [:]
    var newestHeartbeat: MonotonicTime?
    var counts: [String: Int] = [:]
    var violation: String?

    init(seed: UInt64, room: RoomName, participants: [ParticipantID], fault: DriverFault? = nil) {
        self.seed = seed
        self.fault = fault
        self.room = room
        self.participants = participants
        random = SeededRandom(seed: seed)
        authority = RoomAuthority(room: room, state: RoomConsent())
        clocks = [now]
        for audience in Self.audiences { arrive(audience) }
        for participant in participants.prefix(Int.random(in: 2...participants.count, using: &random)) {
            start(participant, .video)
            if chance(30) { start(participant, .audio) }
        }
        after(0, .heartbeatBegins)
        after(0, .tick)
        after(0, .somebodyActs)
        after(3, .consumerReads)
        after(2000, .weatherChanges)
    }

    /// Runs until nothing is left of `milliseconds`, then lets the log heal and everything settle.
    mutating func run(milliseconds: Int64) {
        run(until: now.monotonic.advanced(byMilliseconds: milliseconds))
        isHealing = true
        failurePercent = 0
        slowestMilliseconds = 5
        run(until: now.monotonic.advanced(byMilliseconds: 3000))
        // What time has changed since the last tick is for the next one to find.
        perform(.tick)
        checkSettled()
    }

    private mutating func run(until end: MonotonicTime) {
        while violation == nil, let (index, next) = earliest, next.time <= end {
            schedule.remove(at: index)
            advance(to: next.time)
            perform(next.event)
            if next.event.mayOpenOrClose { check() }
        }
        advance(to: end)
        check()
    }

    private var earliest: (Int, (time: MonotonicTime, order: Int, event: Event))? {
        schedule.enumerated().min {
            ($0.element.time, $0.element.order) < ($1.element.time, $1.element.order)
        }
        .map { ($0.offset, $0.element) }
    }

    private mutating func advance(to time: MonotonicTime) {
        guard time > now.monotonic else { return }
        now.wall = now.wall.advanced(byNanoseconds: time.nanoseconds(since: now.monotonic))
        now.monotonic = time
    }

    mutating func after(_ milliseconds: Int64, _ event: Event) {
        scheduled += 1
        schedule.append((now.monotonic.advanced(byMilliseconds: milliseconds), scheduled, event))
    }

    /// Everybody who may receive: the room, two partners, a recorder, another server, an authority, the statistics.
    private static let audiences: [Audience] = [
        .roomViewers, Audience(purpose: .liveEmbed, recipient: "a"),
        Audience(purpose: .liveEmbed, recipient: "b"), Audience(purpose: .recording, recipient: "vault"),
        Audience(purpose: .rebroadcast, recipient: "tv"),
        Audience(purpose: .liveRoom, recipientClass: .authority, recipient: "court"),
    ].compactMap(\.self)

    mutating func write(_ events: [ConsentEvent]) {
        log += events
        for event in events {
            disk.apply(event)
            diskContents.insert(event.content)
            history.wrote(event)
        }
        forgetWhatIsSpokenOver()
    }

    /// Drops what is durable, and what was asked for on its key before it.
    private mutating func forgetWhatIsSpokenOver() {
        var spokenOver: Set<ConsentEvent.Key> = []
        var noticed: Set<Purpose> = []
        for index in outstanding.indices.reversed() {
            for content in outstanding[index].contents where diskContents.contains(content) {
                spokenOver.insert(content.key)
                if case .notice(let notice) = content, notice.change == .material {
                    noticed.formUnion(notice.purposes)
                }
            }
            outstanding[index].contents = outstanding[index].contents.compactMap { content in
                if spokenOver.contains(content.key) { return nil }
                guard case .notice(let notice) = content else { return content }
                let left = notice.purposes.subtracting(noticed)
                return left.isEmpty ? nil : .notice(left == notice.purposes ? notice : notice.touching(left))
            }
        }
        outstanding.removeAll { $0.contents.isEmpty }
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func delay() -> Int64 { Int64.random(in: 0...slowestMilliseconds, using: &random) }

    // MARK: - The driver

    mutating func execute(_ effects: [ConsentEffect]) {
        for effect in effects {
            switch effect {
            case .append(let events, let ticket):
                inFlight = events
                if fault == .acknowledgesBeforeTheLog {
                    var more: [ConsentEffect] = []
                    authority.appendCommitted(ticket, now: now, effects: &more)
                    execute(more)
                }
                after(delay(), .appendEnds(events, ticket))
            case .readLog(let sequence):
                after(delay(), .readEnds(after: sequence))
            case .openGate(let track, let audience, let permit, let leaseEnd):
                counts["open", default: 0] += 1
                everOpened.insert(GateKey(track: track, audience: audience))
                gates[GateKey(track: track, audience: audience)]?.open(permit, from: 0, leaseEnd: leaseEnd)
            case .renewGate(let track, let audience, let permit, let leaseEnd):
                let gate = gates[GateKey(track: track, audience: audience)]
                gate?.renew(permit, from: 0, leaseEnd: leaseEnd, now: now.monotonic)
            case .closeGate(let track, let audience):
                counts["close", default: 0] += 1
                if fault == .ignoresCloses { continue }
                everOpened.remove(GateKey(track: track, audience: audience))
                gates[GateKey(track: track, audience: audience)]?.close()
            case .beginGrace(let ticket):
                graceHolders[ticket] = fault == .skipsTheGrace ? [] : Set(holdings.keys)
                after(0, .graceEnds(ticket))
            case .acknowledge(let ticket, let acknowledgement):
                answer(ticket, acknowledgement)
            case .refuse(let ticket, let reason):
                counts["refuse", default: 0] += 1
                if answers.updateValue(false, forKey: ticket) != nil { fail("\(ticket) answered twice") }
                if reason != .logUnavailable { fail("refused for \(reason)") }
            case .recorded(let event):
                if log.count < event.sequence || log[Int(event.sequence) - 1] != event {
                    fail("recorded \(event.sequence), which the log does not hold")
                }
            case .changed: break
            }
        }
    }

    private mutating func answer(_ ticket: ConsentTicket, _ acknowledgement: Acknowledgement) {
        counts["acknowledge", default: 0] += 1
        if answers.updateValue(true, forKey: ticket) != nil { fail("\(ticket) answered twice") }
        guard let submission = submissions.first(where: { $0.ticket == ticket }) else { return }
        for content in submission.contents where !diskContents.contains(content) {
            fail("acknowledged what the log does not hold")
        }
        history.acknowledged(submission.contents)
        for holding in holdings.values where holding.since < submission.time {
            guard let request = request(holding.gate) else { continue }
            let narrowed = submission.contents.contains { refuses($0, request) }
            if narrowed { fail("acknowledged while a consumer holds bytes of an earlier pass") }
        }
    }

    func request(_ key: GateKey) -> DisclosureRequest? {
        guard let track = tracks[key.track], let audience = audiences[key.audience] else { return nil }
        return DisclosureRequest(
            participant: track.participant,
            media: track.media,
            audience: audience,
            stream: "cam",
            session: track.session,
            recipientRegion: Self.region(of: audience),
            joinedAt: track.joinedAt,
            onAir: tracks.values.map { track in
                TrackOnAir(
                    participant: track.participant,
                    media: track.media,
                    stream: "cam",
                    session: track.session
                )
            }
        )
    }

    static func region(of audience: Audience) -> Region? {
        Region(audience.recipient == "b" ? "US" : "DE")
    }

    mutating func fail(_ what: String) {
        if violation == nil { violation = "seed \(seed), at \(now.monotonic.nanoseconds): \(what)" }
    }
}
