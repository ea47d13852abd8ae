import ConsentAuthority
import Disclosures
import Primitives
import Testing

@Suite
struct LogFailureTests {
    var room: AuthorityFixture

    init() throws {
        room = try AuthorityFixture()
        room.effects = []
    }

    private func event(_ sequence: UInt64, _ statement: ConsentStatement) -> ConsentEvent {
        ConsentEvent(sequence: sequence, time: room.now.wall, statement: statement)
    }

    @Test mutating func aWithdrawalThatCannotBeWrittenStaysInForceAndIsNotAcknowledged() throws {
        try room.grant(room.statement())
        let ticket = room.submit(room.statement(.withdrawn))
        try room.failAppend()
        #expect(room.refused == [ticket: .logUnavailable])
        #expect(room.told() == .deny(.logUnavailable))
        for _ in 0..<10 {
            room.advance(milliseconds: 500)
            room.authority.logReadFailed(now: room.now, effects: &room.effects)
            room.beat()
            room.tick()
        }
        #expect(room.gateWords == ["close 1"])
        #expect(room.acknowledged.isEmpty)
    }

    @Test mutating func onlyALaterDurableGrantReopens() throws {
        try room.grant(room.statement())
        room.submit(room.statement(.withdrawn))
        try room.failAppend()
        room.submit(room.statement())
        room.read()
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        #expect(room.gateWords == ["close 1", "open 1"])
    }

    @Test mutating func aGrantOfAnotherAudienceReopensNothing() throws {
        try room.grant(room.statement())
        room.submit(room.statement(.withdrawn))
        try room.failAppend()
        room.submit(room.statement(.given, .liveEmbed, to: "partner"))
        room.read()
        try room.commit()
        #expect(room.gateWords == ["close 1", "open 2"])
    }

    @Test mutating func aWithdrawalIsWrittenWhenTheLogIsBack() throws {
        try room.grant(room.statement())
        let withdrawal = room.statement(.withdrawn)
        let ticket = room.submit(withdrawal)
        try room.failAppend()
        room.effects = []
        room.beat()
        #expect(room.effects.contains(.readLog(after: 1)))
        room.read()
        #expect(room.appends.map { $0.events.compactMap(\.statement) } == [[withdrawal]])
        try room.commit()
        #expect(room.authority.durable.record(for: withdrawal.key)?.statement.state == .withdrawn)
        #expect(room.gateWords.isEmpty)
        #expect(!room.acknowledged.contains(ticket))
        #expect(room.told() == .deny(.withdrawn))
    }

    @Test mutating func aGrantThatCannotBeWrittenOpensNothingEvenLater() throws {
        let ticket = room.submit(room.statement())
        try room.failAppend()
        #expect(room.refused == [ticket: .logUnavailable])
        room.beat()
        room.read()
        room.tick()
        #expect(room.gateWords.isEmpty)
        #expect(room.appends.count == 1)
    }

    @Test mutating func aRenewalThatCannotBeWrittenLeavesTheEarlierGrant() throws {
        try room.grant(room.statement(untilMilliseconds: 60_000))
        room.submit(room.statement(.renewed, untilMilliseconds: 120_000))
        try room.failAppend()
        room.advance(milliseconds: 500)
        room.tick()
        #expect(room.gateWords == ["renew 1"])
    }

    @Test mutating func aGrantThatWasRefusedAndYetWrittenIsTakenBack() throws {
        let statement = room.statement()
        room.submit(statement)
        try room.failAppend()
        room.beat()
        room.read([event(1, statement)])
        #expect(room.gateWords.isEmpty)
        #expect(room.appends.last?.events.compactMap(\.statement?.state) == [.invalidated])
        try room.commit()
        #expect(room.gateWords.isEmpty)
        #expect(room.told() == .deny(.invalidated))
    }

    @Test mutating func aRenewalThatWasRefusedAndYetWrittenIsReplacedByWhatWasBefore() throws {
        let first = room.statement(untilMilliseconds: 60_000)
        try room.grant(first)
        let renewal = room.statement(.renewed, untilMilliseconds: 120_000)
        room.submit(renewal)
        try room.failAppend()
        room.beat()
        room.read([event(2, renewal)])
        #expect(room.appends.last?.events.compactMap(\.statement) == [first])
        try room.commit()
        #expect(room.authority.durable.record(for: first.key)?.statement == first)
    }

    @Test mutating func aGrantRefusedAndYetWrittenGivesWayToTheOneAskedForAfterIt() throws {
        let statement = room.statement()
        room.submit(statement)
        let written = try #require(room.appends.last).events
        try room.failAppend()
        room.advance(milliseconds: 5)
        let again = room.submit(room.statement())
        room.read(written)
        #expect(room.gateWords.isEmpty)
        #expect(room.appends.last?.events.compactMap(\.statement?.state) == [.invalidated, .given])
        try room.commit()
        #expect(room.gateWords == ["open 1"])
        #expect(room.acknowledged == [again])
    }

    @Test mutating func aWithdrawalRefusedAndYetWrittenStands() throws {
        try room.grant(room.statement())
        let withdrawal = room.statement(.withdrawn)
        room.submit(withdrawal)
        try room.failAppend()
        room.beat()
        room.read([event(2, withdrawal)])
        #expect(room.appends.count == 1)
        #expect(room.gateWords == ["close 1"])
        #expect(room.authority.durable.epoch == 2)
    }

    @Test mutating func refusesWhateverWaitsWhenTheLogCannotBeRead() throws {
        let first = room.submit(room.statement())
        let second = room.submit(room.statement(.given, .liveEmbed, to: "partner"))
        try room.failAppend()
        room.authority.logReadFailed(now: room.now, effects: &room.effects)
        #expect(room.refused == [first: .logUnavailable, second: .logUnavailable])
        let third = room.submit(room.statement())
        room.authority.logReadFailed(now: room.now, effects: &room.effects)
        #expect(room.refused[third] == .logUnavailable)
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func followsWhatSomebodyElseHasWritten() throws {
        try room.grant(room.statement())
        room.submit(room.statement(.given, .liveEmbed, to: "partner"))
        try room.failAppend()
        room.beat()
        room.read([event(2, room.statement(.revoked))])
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(.revoked))
    }

    @Test mutating func keepsAHandfulOfFencesHoweverOftenTheLogFails() throws {
        try room.grant(room.statement())
        for round in 0..<500 as Range<Int64> {
            let statement =
                round.isMultiple(of: 3)
                ? room.statement(.withdrawn) : room.statement(untilMilliseconds: round)
            room.submit(statement)
            if room.appends.isEmpty {
                room.authority.logReadFailed(now: room.now, effects: &room.effects)
            } else {
                try room.failAppend()
            }
            room.effects = []
        }
        room.beat()
        room.read()
        let appended = try #require(room.appends.last).events
        #expect(appended.count <= ConsentLimits.fencesPerSubject)
        try room.commit()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func aGrantRefusedAfterARefusedWithdrawalOpensNothingWhenTheLogIsBack() throws {
        try room.grant(room.statement())
        room.submit(room.statement(.withdrawn))
        try room.failAppend()
        room.submit(room.statement(media: [.video]))
        room.authority.logReadFailed(now: room.now, effects: &room.effects)
        room.effects = []
        room.beat()
        room.read()
        #expect(room.appends.last?.events.compactMap(\.statement?.state) == [.withdrawn])
        try room.commit()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func keepsWhatALostChangeTakesAwayAndForgetsWhatItAdds() throws {
        try room.grant(room.statement(media: [.video], untilMilliseconds: 60_000))
        room.submit(room.statement(media: [.audio, .video], untilMilliseconds: 900))
        try room.failAppend()
        room.effects = []
        room.beat()
        room.read()
        let written = try #require(room.appends.last?.events.first?.statement)
        #expect(written.media == [.video])
        #expect(written.validity.until == room.now.wall.advanced(byNanoseconds: 900_000_000))
    }

    @Test mutating func aLostLiftingOfARefusalLiftsNothing() throws {
        try room.grant(
            room.statement(.given, .liveEmbed, to: "partner"),
            room.statement(.refused, .liveEmbed, media: [])
        )
        room.submit(room.statement(.unknown, .liveEmbed, media: []))
        try room.failAppend()
        room.effects = []
        room.beat()
        room.read()
        #expect(room.appends.isEmpty)
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func aLostRefusalOfLessLiftsNothingOfTheOneBefore() throws {
        try room.grant(
            room.statement(.given, .liveEmbed, to: "partner"),
            room.statement(.refused, .liveEmbed, media: [.video])
        )
        room.submit(room.statement(.refused, .liveEmbed, media: [.audio]))
        try room.failAppend()
        room.effects = []
        room.beat()
        room.read()
        #expect(room.appends.last?.events.compactMap(\.statement?.media) == [[.audio, .video]])
        try room.commit()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func anAnswerToAnOldAppendChangesNothing() throws {
        room.submit(room.statement())
        let old = try #require(room.appends.last).ticket
        try room.failAppend()
        room.submit(room.statement())
        room.read()
        #expect(room.appends.count == 2)
        room.authority.appendCommitted(old, now: room.now, effects: &room.effects)
        #expect(room.gateWords.isEmpty)
        #expect(room.acknowledged.isEmpty)
        try room.commit()
        #expect(room.gateWords == ["open 1"])
    }
}
