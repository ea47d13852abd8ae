import ConsentAuthority
import Disclosures
import Primitives
import Testing

/// Events about a person that are no statements, under the discipline that statements have.
@Suite
struct PersonEventTests {
    var room: AuthorityFixture

    init() throws {
        room = try AuthorityFixture()
        room.effects = []
    }

    private func hold(_ id: String = "h", lifted: Bool = false) -> ConsentEvent.Content {
        .hold(ProcessingHold(id: id, participant: room.alice, reason: "dispute", isLifted: lifted))
    }

    private func status(_ age: AgeBand = .adult, deactivated: Bool = false) -> ConsentEvent.Content {
        .principal(PrincipalStatus(participant: room.alice, ageBand: age, isDeactivated: deactivated))
    }

    @Test mutating func deactivationClosesEverythingAtOnceAndReactivationOpensNothing() throws {
        try room.grant(room.statement(), room.statement(.given, .liveEmbed, to: "partner"))
        room.submit(status(deactivated: true), about: .participant(room.alice))
        #expect(room.gateWords == ["close 1", "close 2"])
        try room.commit()
        room.submit(status(), about: .participant(room.alice))
        try room.commit()
        #expect(room.gateWords == ["close 1", "close 2"])
        room.advance(milliseconds: 1)
        room.submit(room.statement())
        try room.commit()
        #expect(room.gateWords == ["close 1", "close 2", "open 1"])
    }

    @Test mutating func aDeactivationThatCannotBeWrittenStaysInForce() throws {
        try room.grant(room.statement())
        let lost = PrincipalStatus(participant: room.alice, ageBand: .unknown, isDeactivated: true)
        room.submit(.principal(lost), about: .participant(room.alice))
        try room.failAppend()
        room.beat()
        room.read()
        #expect(room.gateWords == ["close 1"])
        let written = try #require(room.appends.last?.events.map(\.content))
        #expect(written == [.principal(lost)])
    }

    @Test mutating func twoAgesAskedForAndLostLeaveAChildForWhomNobodyAnswers() throws {
        room.submit(status(.from13To17), about: .participant(room.alice))
        try room.commit()
        let child = PrincipalStatus(participant: room.alice, ageBand: .under13, guardian: "mum")
        room.submit(.principal(child), about: .participant(room.alice))
        try room.failAppend()
        room.beat()
        room.read()
        let written = PrincipalStatus(participant: room.alice, ageBand: .under13)
        #expect(room.appends.last?.events.map(\.content) == [.principal(written)])
    }

    @Test mutating func aHoldClosesAtOnceAndItsLiftingOpensOnceDurable() throws {
        try room.grant(room.statement())
        room.submit(hold(), about: .participant(room.alice))
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(.hold))
        try room.commit()
        room.submit(hold(lifted: true), about: .participant(room.alice))
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        #expect(room.gateWords == ["close 1", "open 1"])
    }

    @Test mutating func aLostLiftingOfAHoldLiftsNothing() throws {
        try room.grant(.statement(room.statement()), hold())
        room.submit(hold(lifted: true), about: .participant(room.alice))
        let written = try #require(room.appends.last).events
        try room.failAppend()
        room.beat()
        room.read(written)
        #expect(room.gateWords.isEmpty)
        #expect(room.appends.last?.events.map(\.content) == [hold()])
    }

    @Test mutating func aDemandOpensTowardItsAuthorityOnceDurableAndClosesAtItsEnd() throws {
        let court = try #require(Audience(purpose: .liveRoom, recipientClass: .authority, recipient: "court"))
        room.authority.audienceArrived(AudienceID(4), court, now: room.now, effects: &room.effects)
        func demand(lifted: Bool = false) -> ConsentEvent.Content {
            .demand(
                LegalDemand(
                    id: "7",
                    participant: room.alice,
                    authority: "court",
                    basis: "order",
                    purposes: [.liveRoom],
                    media: [.video],
                    validity: ValidityWindow(until: room.now.wall.advanced(byNanoseconds: 700_000_000)),
                    approvals: ["judge", "counsel"],
                    isLifted: lifted
                )
            )
        }
        room.submit(room.statement(.refused))
        try room.commit()
        room.submit(demand(), about: .participant(room.alice))
        #expect(room.gateWords.isEmpty)
        try room.commit()
        #expect(room.gateWords == ["open 4"])
        #expect(room.leaseEnd(AudienceID(4)) == room.now.monotonic.advanced(byMilliseconds: 700))
        // The civil clock set back does not prolong it.
        room.now.wall = room.now.wall.advanced(byNanoseconds: -3_600_000_000_000)
        room.tick()
        #expect(room.leaseEnd(AudienceID(4)) == room.now.monotonic.advanced(byMilliseconds: 700))
        room.now.wall = room.now.wall.advanced(byNanoseconds: 3_600_000_000_000)
        room.submit(demand(lifted: true), about: .participant(room.alice))
        #expect(room.gateWords == ["open 4", "close 4"])
    }

    @Test mutating func aLostDemandOpensNothingLater() throws {
        let ticket = room.submit(
            .demand(
                LegalDemand(
                    id: "7",
                    participant: room.alice,
                    authority: "court",
                    basis: "order",
                    purposes: [.liveRoom],
                    media: [.video],
                    validity: .always,
                    approvals: ["judge", "counsel"]
                )
            ),
            about: .participant(room.alice)
        )
        try room.failAppend()
        #expect(room.refused == [ticket: .logUnavailable])
        room.beat()
        room.read()
        #expect(room.appends.count == 1)
    }

    // MARK: - Ending everything

    @Test(arguments: [ConsentState.withdrawn, .revoked])
    mutating func oneCallEndsEveryGrantPendingOnesIncluded(state: ConsentState) throws {
        try room.grant(room.statement())
        room.submit(room.statement(.given, .liveEmbed, to: "partner"))
        let ticket = room.endEveryGrant(state)
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(state == .withdrawn ? .withdrawn : .revoked))
        try room.commit()
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        try room.endGrace()
        #expect(room.acknowledged.last == ticket)
        let states = room.authority.records(of: room.alice).map(\.statement.state)
        #expect(states == [state, state])
        #expect(room.authority.records(of: room.alice).map(\.statement.entity) == ["op", "op"])
    }

    /// Something has to be on record that is later than the tokens that may still be presented.
    @Test mutating func endingWhatWasNeverGrantedIsOnRecordToo() throws {
        let ticket = room.endEveryGrant(.withdrawn)
        #expect(room.appends.count == 1)
        try room.commit()
        if room.acknowledged.isEmpty { try room.endGrace() }
        #expect(room.acknowledged == [ticket])
        let records = room.authority.records(of: room.alice).map(\.statement)
        #expect(records.map(\.purpose) == [.liveRoom] && records.map(\.state) == [.withdrawn])
    }
}
