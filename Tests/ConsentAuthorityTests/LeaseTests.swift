import ConsentAuthority
import Disclosures
import Primitives
import Testing

@Suite
struct LeaseTests {
    var room: AuthorityFixture

    init() throws {
        room = try AuthorityFixture()
        room.effects = []
    }

    @Test mutating func leasesLastTwoSeconds() throws {
        room.submit(room.statement())
        try room.commit()
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 2000))
    }

    @Test mutating func renewsEveryHalfSecond() throws {
        try room.grant(room.statement())
        for _ in 0..<40 {
            room.advance(milliseconds: 50)
            room.beat()
            room.tick()
        }
        #expect(room.gateWords == Array(repeating: "renew 1", count: 4))
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 2000))
    }

    @Test mutating func renewsNothingOnceTheHeartbeatIsOlderThanASecond() throws {
        try room.grant(room.statement())
        room.advance(milliseconds: 1000)
        room.tick()
        #expect(room.gateWords == ["renew 1"])
        room.advance(milliseconds: 500)
        room.tick()
        #expect(room.gateWords == ["renew 1"])
    }

    @Test mutating func countsAHeartbeatFromItsBeginning() throws {
        try room.grant(room.statement())
        let begun = room.now.monotonic
        room.advance(milliseconds: 1001)
        room.authority.heartbeatCommitted(startedAt: begun, now: room.now, effects: &room.effects)
        room.tick()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func anOlderHeartbeatThatIsReportedLaterChangesNothing() throws {
        let old = room.now.monotonic
        try room.grant(room.statement())
        room.advance(milliseconds: 900)
        room.beat()
        room.authority.heartbeatCommitted(startedAt: old, now: room.now, effects: &room.effects)
        room.advance(milliseconds: 900)
        room.tick()
        #expect(room.gateWords.last == "renew 1")
    }

    @Test mutating func ignoresAHeartbeatFromTheFuture() throws {
        room = try AuthorityFixture(heartbeat: false)
        let future = room.now.monotonic.advanced(byMilliseconds: 1)
        room.authority.heartbeatCommitted(startedAt: future, now: room.now, effects: &room.effects)
        try room.grant(room.statement())
        room.tick()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func tellsWhenTheLedgerHasStoppedAnsweringAndResumesWithoutRestart() throws {
        try room.grant(room.statement())
        for _ in 0..<5 {
            room.advance(milliseconds: 500)
            room.tick()
        }
        // One renewal within the heartbeat's second, and its lease ends at 2.5 s.
        #expect(room.gateWords == ["renew 1", "renew 1"])
        room.advance(milliseconds: 500)
        room.tick()
        #expect(room.told() == .deny(.logUnavailable))
        room.effects = []
        room.beat()
        #expect(room.gateWords == ["renew 1"])
        #expect(room.told()?.denyReason == nil && room.told() != nil)
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 2000))
    }

    @Test func opensNothingAfterARestartBeforeAHeartbeatIsDurable() throws {
        let first = try AuthorityFixture()
        let granted = ConsentEvent(sequence: 1, time: first.now.wall, statement: first.statement())
        var room = try AuthorityFixture(folding: [granted], heartbeat: false)
        room.tick()
        #expect(room.gateWords.isEmpty)
        #expect(room.told() == .deny(.logUnavailable))
        room.beat()
        #expect(room.gateWords == ["open 1"])
    }

    @Test mutating func opensForWhomeverArrivesLater() throws {
        try room.grant(room.statement())
        room.authority.trackStarted(
            TrackID(9),
            participant: room.alice,
            media: .audio,
            stream: "cam",
            now: room.now,
            effects: &room.effects
        )
        #expect(room.gateWords == ["open 1"])
        room.authority.audienceLeft(AuthorityFixture.viewers, effects: &room.effects)
        #expect(room.gateWords == ["open 1", "close 1", "close 1"])
        room.authority.audienceArrived(
            AudienceID(5),
            .roomViewers,
            now: room.now,
            effects: &room.effects
        )
        #expect(room.gateWords.suffix(2) == ["open 5", "open 5"])
        room.authority.trackEnded(TrackID(9), effects: &room.effects)
        #expect(room.gateWords.last == "close 5")
    }

    @Test mutating func endsTheLeaseWhereTheGrantEnds() throws {
        room.submit(room.statement(untilMilliseconds: 700))
        try room.commit()
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 700))
        room.advance(milliseconds: 700)
        room.beat()
        room.tick()
        #expect(room.told() == .deny(.expired))
        #expect(room.gateWords.last == "close 1")
    }

    @Test mutating func aClockSetBackDoesNotProlongAGrant() throws {
        room.submit(room.statement(untilMilliseconds: 1500))
        try room.commit()
        let end = room.leaseEnd()
        room.now.wall = room.now.wall.advanced(byNanoseconds: -3_600_000_000_000)
        for _ in 0..<2 {
            room.advance(milliseconds: 500)
            room.beat()
            room.tick()
            #expect(room.leaseEnd() == end)
        }
        room.advance(milliseconds: 500)
        room.beat()
        room.tick()
        #expect(room.told() == .deny(.expired))
    }

    @Test mutating func aClockSetForwardEndsAGrantAtTheNextTick() throws {
        try room.grant(room.statement(untilMilliseconds: 60_000))
        room.now.wall = room.now.wall.advanced(byNanoseconds: 3_600_000_000_000)
        room.tick()
        #expect(room.gateWords == ["close 1"])
        // Set back again, the grant has been over once and stays over.
        room.now.wall = room.now.wall.advanced(byNanoseconds: -3_600_000_000_000)
        room.tick()
        #expect(room.gateWords == ["close 1"])
    }

    @Test mutating func aClockSetForwardDoesNotBeginAGrantEarly() throws {
        try room.grant(room.statement(fromMilliseconds: 60_000))
        room.now.wall = room.now.wall.advanced(byNanoseconds: 3_600_000_000_000)
        room.tick()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func opensWhenTheGrantBegins() throws {
        try room.grant(room.statement(fromMilliseconds: 1000))
        room.advance(milliseconds: 999)
        room.beat()
        room.tick()
        #expect(room.gateWords.isEmpty)
        room.advance(milliseconds: 1)
        room.tick()
        #expect(room.gateWords == ["open 1"])
        #expect(room.told()?.denyReason == nil && room.told() != nil)
    }

    @Test mutating func aLongerGrantProlongsOnlyOnceDurable() throws {
        try room.grant(room.statement(untilMilliseconds: 300))
        room.submit(room.statement(untilMilliseconds: 60_000))
        room.tick()
        #expect(room.leaseEnd().map { $0 <= room.now.monotonic.advanced(byMilliseconds: 300) } ?? true)
        try room.commit()
        room.advance(milliseconds: 500)
        room.beat()
        room.tick()
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 2000))
    }

    @Test mutating func overviewSaysWhatTheGatesDo() throws {
        try room.grant(room.statement())
        let entries = room.authority.overview(now: room.now).entries
        #expect(entries.map(\.isGranted) == [true, false])
        #expect(entries.map(\.decision.denyReason) == [nil, .purpose])
        room.advance(milliseconds: 2000)
        let lapsed = room.authority.overview(of: room.alice, now: room.now).entries
        #expect(lapsed.map(\.isGranted) == [true, false])
        #expect(lapsed.map(\.decision.denyReason) == [.logUnavailable, .purpose])
        #expect(room.authority.records(of: room.alice).map(\.sequence) == [1])
    }
}
