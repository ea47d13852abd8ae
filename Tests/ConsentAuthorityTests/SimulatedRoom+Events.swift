import ConsentAuthority
import Disclosures
import Primitives

extension SimulatedRoom {
    mutating func perform(_ event: Event) {
        var effects: [ConsentEffect] = []
        switch event {
        case .tick:
            clocks = [now]
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
            clocks.append(now)
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
        clocks = [now]
        everOpened = []
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
}
