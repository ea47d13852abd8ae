import ConsentAuthority
import Disclosures
import Primitives

extension SimulatedRoom {
    mutating func perform(_ event: Event) {
        var effects: [ConsentEffect] = []
        switch event {
        case .tick:
            lastRefresh = now
            authority.tick(now: now, effects: &effects)
            let stall = chance(3) ? Int64.random(in: 0...4000, using: &random) : 0
            let due = authority.nextTick.milliseconds(since: now.monotonic)
            after(max(1, due) + (isHealing ? 0 : stall), .tick)
        case .heartbeatBegins:
            after(delay(), .heartbeatEnds(startedAt: now.monotonic))
            after(ConsentTiming.heartbeatMilliseconds, .heartbeatBegins)
        case .heartbeatEnds(let startedAt):
            guard !chance(failurePercent) else { break }
            newestHeartbeat = max(newestHeartbeat ?? startedAt, startedAt)
            authority.heartbeatCommitted(startedAt: startedAt, now: now, effects: &effects)
        case .appendEnds(let events, let ticket):
            endAppend(events, ticket, effects: &effects)
        case .readEnds(let sequence):
            if chance(failurePercent) {
                authority.logReadFailed(now: now, effects: &effects)
            } else {
                authority.logRead(log.filter { $0.sequence > sequence }, now: now, effects: &effects)
            }
        case .graceEnds(let ticket):
            guard let holders = graceHolders[ticket] else { break }
            guard holders.isDisjoint(with: holdings.keys) else {
                after(5, .graceEnds(ticket))
                break
            }
            graceHolders[ticket] = nil
            authority.graceCompleted(ticket, now: now, effects: &effects)
        case .somebodyActs:
            act(effects: &effects)
            if !isHealing { after(Int64.random(in: 1...300, using: &random), .somebodyActs) }
        case .consumerReads:
            read()
            after(Int64.random(in: 1...200, using: &random), .consumerReads)
        case .consumerLetsGo(let holder):
            holdings[holder] = nil
        case .weatherChanges:
            changeWeather()
            if !isHealing { after(2000, .weatherChanges) }
        }
        execute(effects)
    }

    private mutating func endAppend(
        _ events: [ConsentEvent],
        _ ticket: AppendTicket,
        effects: inout [ConsentEffect]
    ) {
        inFlight = []
        let fits = events.first?.sequence == UInt64(log.count) + 1
        if !fits { counts["conflict", default: 0] += 1 }
        guard fits, !chance(failurePercent) else {
            // Some failures are lies: the events are on the disk.
            if fits, chance(30) {
                counts["lie", default: 0] += 1
                write(events)
            }
            authority.appendFailed(ticket, now: now, effects: &effects)
            return
        }
        write(events)
        authority.appendCommitted(ticket, now: now, effects: &effects)
    }

    private mutating func changeWeather() {
        guard !isHealing else { return }
        failurePercent = [0, 0, 0, 10, 50, 100].randomElement(using: &random) ?? 0
        slowestMilliseconds = [2, 20, 200, 1500].randomElement(using: &random) ?? 20
        if chance(20) {
            // An hour would swallow every window; seconds meet them.
            lastRefresh = now
            let jump = Int64.random(in: -3000...3000, using: &random)
            now.wall = now.wall.advanced(byNanoseconds: jump * 1_000_000)
        }
        if chance(10) { restart() }
    }

    /// The process dies and begins again; whatever was being written is on the disk or is not.
    private mutating func restart() {
        counts["restart", default: 0] += 1
        if inFlight.first?.sequence == UInt64(log.count) + 1, chance(50) { write(inFlight) }
        inFlight = []
        schedule.removeAll { entry in
            switch entry.event {
            case .heartbeatEnds, .appendEnds, .readEnds, .graceEnds, .consumerLetsGo: true
            default: false
            }
        }
        holdings = [:]
        graceHolders = [:]
        submissions = []
        outstanding = []
        answers = [:]
        newestHeartbeat = nil
        lastRefresh = now
        authority = RoomAuthority(room: room, state: RoomConsent(folding: log))
        let (oldTracks, oldAudiences) = (tracks, audiences)
        (gates, tracks, audiences) = ([:], [:], [:])
        for audience in oldAudiences.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            arrive(audience.value)
        }
        for track in oldTracks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            start(track.value.participant, track.value.media)
        }
    }

    // MARK: - People

    mutating func arrive(_ audience: Audience) {
        let id = AudienceID(nextID)
        nextID += 1
        audiences[id] = audience
        for track in tracks.keys {
            gates[GateKey(track: track, audience: id)] = DisclosureGate(track: track, audience: id)
        }
        var effects: [ConsentEffect] = []
        authority.audienceArrived(id, audience, now: now, effects: &effects)
        execute(effects)
    }

    mutating func start(_ participant: ParticipantID, _ media: MediaType) {
        let id = TrackID(nextID)
        nextID += 1
        tracks[id] = (participant, media)
        for audience in audiences.keys {
            gates[GateKey(track: id, audience: audience)] = DisclosureGate(track: id, audience: audience)
        }
        var effects: [ConsentEffect] = []
        authority.trackStarted(
            id,
            participant: participant,
            media: media,
            stream: "cam",
            now: now,
            effects: &effects
        )
        execute(effects)
    }

    private mutating func act(effects: inout [ConsentEffect]) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            guard let track = tracks.keys.min(by: { $0.rawValue < $1.rawValue }), let ended = tracks[track]
            else { return }
            authority.trackEnded(track, effects: &effects)
            execute(effects)
            effects = []
            tracks[track] = nil
            gates = gates.filter { $0.key.track != track }
            start(ended.participant, chance(50) ? .audio : .video)
        case 1:
            guard let id = audiences.keys.min(by: { $0.rawValue < $1.rawValue }), let left = audiences[id]
            else { return }
            authority.audienceLeft(id, effects: &effects)
            execute(effects)
            effects = []
            audiences[id] = nil
            gates = gates.filter { $0.key.audience != id }
            arrive(left)
        default: submit(effects: &effects)
        }
    }

    private mutating func submit(effects: inout [ConsentEffect]) {
        guard let participant = participants.randomElement(using: &random) else { return }
        let statements = (0..<Int.random(in: 1...2, using: &random)).map { number in
            randomStatement(participant, number: number)
        }
        let ticket = authority.submit(statements, of: participant, now: now, effects: &effects)
        let submission = Submission(
            ticket: ticket,
            participant: participant,
            statements: statements,
            time: now.monotonic
        )
        submissions.append(submission)
        outstanding.append(submission)
        counts["submit", default: 0] += 1
    }

    private mutating func randomStatement(_ participant: ParticipantID, number: Int) -> ConsentStatement {
        let states: [ConsentState] = [
            .given, .given, .given, .renewed, .withdrawn, .withdrawn, .refused, .revoked, .requested,
            .unknown,
        ]
        let state = states.randomElement(using: &random) ?? .given
        let purpose = chance(50) ? Purpose.liveRoom : .liveEmbed
        let named = purpose == .liveEmbed && (state.permits || chance(70))
        let media: [Set<MediaType>] = [[.audio, .video], [.audio, .video], [.video], [.audio]]
        func bound(_ range: ClosedRange<Int64>) -> WallClockTime {
            now.wall.advanced(byNanoseconds: Int64.random(in: range, using: &random) * 1_000_000)
        }
        let from = chance(10) ? bound(-500...1000) : nil
        let until = chance(30) ? bound(1500...6000) : nil
        scheduled += 1
        return ConsentStatement(
            participant: participant,
            purpose: purpose,
            recipient: named ? (chance(50) ? "a" : "b") : nil,
            stream: chance(20) ? "cam" : nil,
            state: state,
            media: media.randomElement(using: &random) ?? [.video],
            validity: state.permits ? ValidityWindow(from: from, until: until) : .always,
            source: .page,
            // Distinct for each statement, so that the checker can tell them apart.
            givenAt: now.wall.advanced(byNanoseconds: Int64(scheduled))
        )
    }

    // MARK: - Consumers

    private mutating func read() {
        let open = gates.filter { $0.value.withPass(now: now.monotonic) { _ in true } ?? false }
        let keys = open.keys.sorted { left, right in
            (left.track.rawValue, left.audience.rawValue) < (right.track.rawValue, right.audience.rawValue)
        }
        guard let gate = keys.randomElement(using: &random) else { return }
        counts["read", default: 0] += 1
        scheduled += 1
        holdings[scheduled] = Holding(gate: gate, since: now.monotonic)
        after(Int64.random(in: 0...100, using: &random), .consumerLetsGo(holder: scheduled))
    }
}
