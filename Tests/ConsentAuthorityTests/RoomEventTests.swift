import ConsentAuthority
import Disclosures
import Primitives
import Testing

/// Events about the room, under the discipline that statements have.
@Suite
struct RoomEventTests {
    var room: AuthorityFixture

    init() throws {
        room = try AuthorityFixture()
        room.effects = []
    }

    private var notice: NoticeVersion {
        NoticeVersion(
            id: "privacy",
            version: "2",
            language: "en",
            sha256: String(repeating: "b", count: 64),
            controller: "north",
            change: .material,
            purposes: [.liveRoom]
        )
    }

    // MARK: - What is about the room

    @Test mutating func aMaterialNoticeClosesBeforeItIsWrittenAndWaitsBeforeItIsAcknowledged() throws {
        try room.grant(room.statement())
        let ticket = room.submit(.notice(notice), about: .room)
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(.outdatedNotice))
        try room.commit()
        #expect(room.acknowledged.isEmpty)
        try room.endGrace()
        #expect(room.acknowledged == [ticket])
        room.submit(room.statement(.renewed, notice: notice.reference))
        #expect(room.gateWords == ["close 1"])
        try room.commit()
        #expect(room.gateWords == ["close 1", "open 1"])
    }

    @Test mutating func aNoticeThatCannotBeWrittenSuspendsAllTheSameAndIsWrittenLater() throws {
        try room.grant(room.statement())
        let ticket = room.submit(.notice(notice), about: .room)
        try room.failAppend()
        #expect(room.refused == [ticket: .logUnavailable])
        #expect(room.told() == .deny(.logUnavailable))
        #expect(room.authority.hasUnwritten)
        room.beat()
        room.read()
        #expect(room.gateWords == ["close 1"])
        #expect(room.appends.last?.events.map(\.content) == [.notice(notice)])
        try room.commit()
        #expect(room.told() == .deny(.outdatedNotice))
        #expect(!room.authority.hasUnwritten)
    }

    @Test mutating func anEditorialNoticeThatCannotBeWrittenIsForgotten() throws {
        try room.grant(room.statement())
        let editorial = NoticeVersion(
            id: "privacy",
            version: "2",
            language: "en",
            sha256: notice.sha256,
            controller: "north",
            change: .editorial,
            purposes: [.liveRoom]
        )
        room.submit(.notice(editorial), about: .room)
        try room.failAppend()
        room.beat()
        room.read()
        #expect(room.gateWords.isEmpty)
        #expect(room.appends.count == 1)
    }

    @Test mutating func aFencedNoticeDoesNotComeAfterTheOneThatFollowedIt() throws {
        try room.grant(room.statement())
        room.submit(.notice(notice), about: .room)
        try room.failAppend()
        let next = NoticeVersion(
            id: "privacy",
            version: "3",
            language: "en",
            sha256: String(repeating: "c", count: 64),
            controller: "north",
            change: .material,
            purposes: [.liveRoom]
        )
        room.submit(.notice(next), about: .room)
        room.authority.logReadFailed(now: room.now, effects: &room.effects)
        room.effects = []
        room.beat()
        room.read()
        #expect(room.appends.last?.events.map(\.content) == [.notice(next)])
    }

    @Test mutating func aChangeOfControllerClosesAtOnce() throws {
        try room.grant(room.statement())
        let change = ConsentEvent.Content.controller(ControllerChange(controller: "south", reason: "sale"))
        room.submit(change, about: .room)
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(.controllerChanged))
    }

    @Test mutating func rulesThatWidenOpenOnlyOnceDurable() throws {
        try room.grant(
            .principal(PrincipalStatus(participant: room.alice, ageBand: .from13To17)),
            .statement(room.statement(.given, .liveEmbed, to: "partner"))
        )
        room.submit(.rules(RoomRules(minors: [.embeds])), about: .room)
        #expect(room.gateWords.isEmpty)
        try room.commit()
        #expect(room.gateWords == ["open 2"])
        room.submit(.rules(RoomRules()), about: .room)
        #expect(room.gateWords == ["open 2", "close 2"])
        #expect(room.told(AuthorityFixture.embed) == .deny(.minor))
    }

    @Test mutating func lostRulesKeepWhatTheyTakeAwayAndForgetWhatTheyAdd() throws {
        let before = RoomRules(minors: [.embeds, .recording], retentionSeconds: 90)
        room.submit(.rules(before), about: .room)
        try room.commit()
        let after = RoomRules(consentRule: .allParty, minors: [.embeds], retentionSeconds: 300)
        room.submit(.rules(after), about: .room)
        try room.failAppend()
        room.beat()
        room.read()
        let expected = RoomRules(consentRule: .allParty, minors: [.embeds], retentionSeconds: 90)
        #expect(room.appends.last?.events.map(\.content) == [.rules(expected)])
    }

    @Test mutating func rulesRefusedAndYetWrittenAreTakenBack() throws {
        room.submit(.rules(RoomRules(minors: [.embeds])), about: .room)
        let written = try #require(room.appends.last).events
        try room.failAppend()
        room.beat()
        room.read(written)
        #expect(room.appends.last?.events.map(\.content) == [.rules(.initial)])
    }

    @Test mutating func nobodyIsRecordedWhileOneOnAirHasNotAgreed() throws {
        let vault = try #require(Audience(purpose: .recording, recipient: "vault"))
        let bob = try #require(ParticipantID("bob"))
        room.authority.audienceArrived(AudienceID(3), vault, now: room.now, effects: &room.effects)
        try room.grant(
            .rules(RoomRules(consentRule: .allParty)),
            .statement(room.statement(.given, .recording, to: "vault"))
        )
        room.beat()
        #expect(room.authority.overview(now: room.now).entries.map(\.isGranted) == [false, false, true])
        room.effects = []
        room.authority.trackStarted(
            TrackID(2),
            participant: bob,
            media: .audio,
            stream: "mic",
            now: room.now,
            effects: &room.effects
        )
        #expect(room.gateWords == ["close 3"])
        let joint = ConsentStatement(
            participant: bob,
            purpose: .recording,
            recipient: "vault",
            state: .given,
            media: [.audio],
            source: .page,
            givenAt: room.now.wall
        )
        _ = room.authority.submit([joint], of: bob, now: room.now, effects: &room.effects)
        #expect(room.gateWords == ["close 3"])
        try room.commit()
        #expect(room.gateWords == ["close 3", "open 3", "open 3"])
        // The one takes it back, and the other is not recorded either.
        _ = room.authority.submit(
            [joint.with(state: .withdrawn)],
            of: bob,
            now: room.now,
            effects: &room.effects
        )
        #expect(room.gateWords.suffix(2) == ["close 3", "close 3"])
    }

    // MARK: - Requests that are no requests

    @Test mutating func aRequestIsAboutOneSubject() {
        let mixed = room.authority.submit(
            [.rules(.initial), .principal(PrincipalStatus(participant: room.alice))],
            about: .room,
            now: room.now,
            effects: &room.effects
        )
        #expect(room.refused == [mixed: .malformed])
        let erased = room.submit(.erased, about: .room)
        #expect(room.refused[erased] == .malformed)
        #expect(room.appends.isEmpty)
    }

    @Test mutating func keepsAHandfulOfFencesAboutTheRoomHoweverOftenTheLogFails() throws {
        try room.grant(room.statement())
        for round in 0..<300 {
            let version = NoticeVersion(
                id: "privacy",
                version: "\(round)",
                language: "en",
                sha256: notice.sha256,
                controller: "north",
                change: .material,
                purposes: [Purpose.allCases[round % Purpose.allCases.count], .liveRoom]
            )
            room.submit(.notice(version), about: .room)
            if room.appends.isEmpty {
                room.authority.logReadFailed(now: room.now, effects: &room.effects)
            } else {
                try room.failAppend()
            }
            room.effects = []
        }
        room.beat()
        room.read()
        #expect(try #require(room.appends.last).events.count <= ConsentLimits.fencesPerSubject)
        try room.commit()
        #expect(room.gateWords.isEmpty)
    }

    @Test mutating func tellsALeaseThatNobodyRenewedFromALogThatDoesNotAnswer() throws {
        try room.grant(room.statement())
        func told() -> DenyReason? {
            room.authority.overview(now: room.now).entries.first?.decision.denyReason
        }
        for _ in 0..<3 {
            room.advance(milliseconds: 700)
            room.beat()
        }
        // The log has answered all the time, and nobody has ticked.
        #expect(told() == .leaseExpired)
        room.tick()
        #expect(told() == nil)
        room.advance(milliseconds: 2000)
        #expect(told() == .logUnavailable)
    }
}
