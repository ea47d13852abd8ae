import ConsentAuthority
import Disclosures
import Primitives
import Testing

@Suite
struct WideningAndNarrowingTests {
    var room: AuthorityFixture

    init() throws {
        room = try AuthorityFixture()
        room.effects = []
    }

    private mutating func grantRoom() throws { try room.grant(room.statement()) }

    @Test mutating func opensNothingBeforeTheGrantIsDurable() throws {
        room.submit(room.statement())
        #expect(room.gateWords.isEmpty)
        room.tick()
        room.beat()
        #expect(room.gateWords.isEmpty)
        try room.commit()
        #expect(room.gateWords == ["open 1"])
    }

    @Test mutating func acknowledgesAGrantWhenItIsDurableAndOpen() throws {
        let ticket = room.submit(room.statement())
        #expect(room.acknowledged.isEmpty)
        room.advance(milliseconds: 7)
        try room.commit()
        #expect(room.acknowledged == [ticket])
        let events = try #require(room.appends.first).events
        let acknowledgement = try #require(room.acknowledgement(of: ticket))
        #expect(acknowledgement.effectiveAt == room.now.wall)
        #expect(acknowledgement.epoch == 1)
        #expect(acknowledgement.events == events)
    }

    @Test mutating func closesBeforeItAppendsAndWaitsBeforeItAcknowledges() throws {
        try grantRoom()
        let ticket = room.submit(room.statement(.withdrawn))
        let closing = room.index { $0 == .closeGate(AuthorityFixture.track, AuthorityFixture.viewers) }
        let appending = room.index { effect in
            if case .append = effect { true } else { false }
        }
        #expect(try #require(closing) < (try #require(appending)))
        try room.commit()
        #expect(room.acknowledged.isEmpty)
        room.advance(milliseconds: 30)
        try room.endGrace()
        let acknowledgement = try #require(room.acknowledgement(of: ticket))
        #expect(acknowledgement.effectiveAt == room.now.wall)
        #expect(acknowledgement.epoch == 2)
        #expect(room.told() == .deny(.withdrawn))
    }

    @Test mutating func neverOpensAGrantThatWasWithdrawnWhileItWasBeingWritten() throws {
        room.submit(room.statement())
        room.submit(room.statement(.withdrawn))
        try room.commit()
        #expect(room.gateWords.isEmpty)
        try room.commit()
        #expect(room.gateWords.isEmpty)
        #expect(room.authority.durable.epoch == 2)
    }

    @Test mutating func grantWithdrawGrantOpensOnlyWithTheLastGrant() throws {
        let tickets = [
            room.submit(room.statement()), room.submit(room.statement(.withdrawn)),
            room.submit(room.statement()),
        ]
        try room.commit()
        #expect(room.gateWords.isEmpty)
        try room.commit()
        #expect(room.gateWords == ["open 1"])
        try room.endGrace()
        #expect(Set(room.acknowledged) == Set(tickets))
    }

    @Test mutating func withdrawGrantWithdrawStaysClosed() throws {
        try grantRoom()
        room.submit(room.statement(.withdrawn))
        room.submit(room.statement())
        try room.commit()
        room.submit(room.statement(.withdrawn))
        try room.commit()
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        #expect(room.gateWords == ["close 1"])
    }

    @Test mutating func acknowledgesBothOfTwoWithdrawals() throws {
        try grantRoom()
        let tickets = [room.submit(room.statement(.withdrawn)), room.submit(room.statement(.withdrawn))]
        try room.commit()
        try room.endGrace()
        #expect(room.acknowledged == [tickets[0]])
        try room.commit()
        try room.endGrace()
        #expect(room.acknowledged == tickets)
    }

    @Test mutating func writesWhatArrivesDuringAnAppendTogether() throws {
        for _ in 0..<5 { room.submit(room.statement()) }
        #expect(room.appends.count == 1)
        try room.commit()
        #expect(room.appends.map(\.events.count) == [1, 4])
        #expect(room.appends.flatMap { $0.events.map(\.sequence) } == [1, 2, 3, 4, 5])
    }

    @Test mutating func closesAtOnceWhatANarrowerGrantNoLongerCovers() throws {
        try grantRoom()
        room.submit(room.statement(media: [.audio]))
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(.media))
        try room.commit()
        #expect(room.acknowledged.isEmpty)
        try room.endGrace()
        #expect(room.acknowledged.count == 1)
    }

    @Test mutating func shortensARunningLeaseAtOnce() throws {
        try grantRoom()
        room.submit(room.statement(untilMilliseconds: 300))
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 300))
    }

    @Test mutating func shortensARunningLeaseEvenWithoutAHeartbeat() throws {
        try grantRoom()
        room.advance(milliseconds: 1500)
        room.submit(room.statement(untilMilliseconds: 100))
        #expect(room.leaseEnd() == room.now.monotonic.advanced(byMilliseconds: 100))
    }

    @Test mutating func oneRequestMayWidenAndNarrow() throws {
        try grantRoom()
        let ticket = room.submit(
            room.statement(.withdrawn),
            room.statement(.given, .liveEmbed, to: "partner")
        )
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        #expect(room.gateWords == ["close 1", "open 2"])
        #expect(room.acknowledged.isEmpty)
        try room.endGrace()
        #expect(room.acknowledged == [ticket])
    }

    @Test mutating func aRefusalOfEveryRecipientClosesTheNamedOne() throws {
        try room.grant(room.statement(.given, .liveEmbed, to: "partner"))
        room.submit(room.statement(.refused, .liveEmbed, media: []))
        #expect(room.gateWords == ["close 2"])
    }

    @Test mutating func liftingARefusalOpensOnlyOnceDurable() throws {
        try room.grant(room.statement(.given, .liveEmbed, to: "partner"))
        room.submit(room.statement(.refused, .liveEmbed, media: []))
        try room.commit()
        room.effects = []
        room.submit(room.statement(.unknown, .liveEmbed, media: []))
        #expect(room.gateWords.isEmpty)
        try room.commit()
        #expect(room.gateWords == ["open 2"])
    }

    @Test mutating func refusesWhatCannotBeRecordedWithoutTouchingTheLog() throws {
        let ticket = room.submit(room.statement(.given, .liveEmbed))
        #expect(room.refused == [ticket: .malformed])
        let empty = room.authority.submit([], of: room.alice, now: room.now, effects: &room.effects)
        #expect(room.refused[empty] == .malformed)
        #expect(room.appends.isEmpty)
    }

    @Test mutating func aTokenPresentedAgainDoesNotUndoAWithdrawal() throws {
        let issued = room.now.wall
        room.advance(milliseconds: 10)
        room.submit(room.statement(source: .token, givenAt: issued))
        try room.commit()
        room.advance(milliseconds: 10)
        room.submit(room.statement(.withdrawn))
        let early = room.submit(room.statement(source: .token, givenAt: issued))
        #expect(room.refused == [early: .withdrawn])
        try room.commit()
        let late = room.submit(room.statement(source: .token, givenAt: issued))
        #expect(room.refused == [early: .withdrawn, late: .withdrawn])
        room.advance(milliseconds: 10)
        room.submit(room.statement(source: .token))
        try room.commit()
        #expect(room.gateWords == ["open 1", "close 1", "open 1"])
    }

    @Test mutating func aTokenPresentedAgainIsNotWrittenAgain() throws {
        let statement = room.statement(source: .token)
        try room.grant(statement)
        let ticket = room.submit(statement)
        #expect(room.acknowledged == [ticket])
        #expect(room.appends.isEmpty)
    }

    @Test mutating func refusesWhomeverWritesFasterThanTheLogCan() throws {
        try grantRoom()
        for _ in 0..<ConsentLimits.waitingPerSubject { room.submit(room.statement()) }
        #expect(room.refused.isEmpty)
        let ticket = room.submit(room.statement(.withdrawn))
        #expect(room.refused == [ticket: .logUnavailable])
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        try room.commit()
        #expect(room.gateWords == ["close 1"])
        // A later word about something else leaves the fence where it is.
        room.submit(room.statement(.given, .liveEmbed, to: "partner"))
        try room.commit()
        #expect(room.gateWords == ["close 1", "open 2"])
        room.beat()
        #expect(room.appends.last?.events.compactMap(\.statement?.state) == [.withdrawn])
        try room.commit()
        #expect(room.told() == .deny(.withdrawn))
    }
}
