import Disclosures
import Primitives
import Testing

/// One test a rule of the specification: what the rule denies, and that the same without it is permitted.
@Suite
struct DenyRuleTests {
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    private func reason(_ state: RoomConsent, _ request: DisclosureRequest? = nil) -> DenyReason? {
        decide(request ?? make.request(), state, now: ConsentFixtures.now).denyReason
    }

    private func audience(
        _ purpose: Purpose,
        _ recipientClass: RecipientClass? = nil,
        _ recipient: String? = nil
    ) throws -> Audience {
        try #require(Audience(purpose: purpose, recipientClass: recipientClass, recipient: recipient))
    }

    private func region(_ code: String) throws -> Region { try #require(Region(code)) }

    // MARK: - Recipients and scope

    @Test func deniesAnotherClassOfRecipientsForTheSamePurpose() throws {
        let state = make.log(make.statement(.given, .identify))
        #expect(reason(state, make.request(to: try audience(.identify))) == nil)
        let embed = try audience(.identify, .embedPartner, "partner")
        #expect(reason(state, make.request(to: embed)) == .recipient)
        #expect(reason(state, make.request(to: try audience(.identify, .operator))) == .recipient)
    }

    @Test func aGrantToAWholeClassCoversEveryPartnerButTheOneRefused() throws {
        let whole = make.statement(.given, .liveEmbed, wholeClass: true)
        let state = make.log(whole, make.statement(.refused, .liveEmbed, to: "other", media: []))
        #expect(reason(state, make.request(to: try make.embed("partner"))) == nil)
        #expect(reason(state, make.request(to: try make.embed("other"))) == .refused)
        let ended = make.log(whole, make.statement(.withdrawn, .liveEmbed, media: []))
        #expect(reason(ended, make.request(to: try make.embed("partner"))) == .withdrawn)
    }

    @Test func aRefusalThatNamesNobodyRefusesEveryClass() throws {
        let partner = try audience(.identify, .embedPartner, "partner")
        let grant = make.statement(.given, .identify, to: "partner", recipientClass: .embedPartner)
        #expect(reason(make.log(grant), make.request(to: partner)) == nil)
        let refused = make.log(grant, make.statement(.refused, .identify, media: []))
        #expect(reason(refused, make.request(to: partner)) == .refused)
        let toRoomOnly = make.log(
            grant,
            make.statement(.refused, .identify, media: [], recipientClass: .operator)
        )
        #expect(reason(toRoomOnly, make.request(to: partner)) == nil)
    }

    @Test func deniesAnotherSession() {
        let state = make.log(make.statement(session: "s1"))
        var request = make.request()
        #expect(reason(state, request) == .scope)
        request.session = "s1"
        #expect(reason(state, request) == nil)
        request.session = "s2"
        #expect(reason(state, request) == .scope)
    }

    @Test func aRefusalOfOneSessionCountsWhereTheSessionIsNotKnown() {
        let state = make.log(make.statement(), make.statement(.refused, session: "s1"))
        var request = make.request()
        #expect(reason(state, request) == .refused)
        request.session = "s2"
        #expect(reason(state, request) == nil)
    }

    // MARK: - Age

    private func byGuardian(_ entity: String?) -> ConsentEvent.Content {
        .statement(make.statement(source: .guardian, entity: entity))
    }

    @Test func aChildNeedsTheGrantOfItsOwnGuardian() {
        let child = ConsentEvent.Content.principal(make.status(.under13, guardian: "mum"))
        #expect(reason(make.room(child, .statement(make.statement()))) == .guardian)
        #expect(reason(make.room(child, byGuardian("mum"))) == nil)
        #expect(reason(make.room(child, byGuardian("uncle"))) == .guardian)
        #expect(reason(make.room(child, byGuardian(nil))) == .guardian)
        let alone = ConsentEvent.Content.principal(make.status(.under13))
        #expect(reason(make.room(alone, byGuardian("mum"))) == .guardian)
    }

    @Test func aGuardianNamesThirdPartiesOneByOne() throws {
        let child = ConsentEvent.Content.principal(make.status(.under13, guardian: "mum"))
        let request = make.request(to: try make.embed("partner"))
        let whole = make.statement(
            .given,
            .liveEmbed,
            source: .guardian,
            wholeClass: true,
            entity: "mum"
        )
        #expect(reason(make.room(child, byGuardian("mum")), request) == .purpose)
        #expect(reason(make.room(child, .statement(whole)), request) == .guardian)
        let named = make.statement(.given, .liveEmbed, to: "partner", source: .guardian, entity: "mum")
        #expect(reason(make.room(child, .statement(named)), request) == nil)
    }

    @Test func neitherChildNorGuardianSpeaksOverTheOther() {
        let child = ConsentEvent.Content.principal(make.status(.under13, guardian: "mum"))
        let no = ConsentEvent.Content.statement(make.statement(.refused))
        #expect(reason(make.room(child, no, byGuardian("mum"))) == .refused)
        let forbids = ConsentEvent.Content.statement(
            make.statement(.refused, source: .guardian, entity: "mum")
        )
        #expect(reason(make.room(child, forbids, .statement(make.statement()))) == .refused)
    }

    @Test(arguments: [
        (Purpose.recording, "vault" as String?, MinorPermission.recording as MinorPermission?),
        (.liveEmbed, "partner", .embeds), (.rebroadcast, "tv", .embeds), (.transcription, "ear", .recording),
        (.analysis, "lab", .recording), (.liveRoom, nil, nil),
    ])
    func theRoomSaysWhatMinorsMay(purpose: Purpose, recipient: String?, needed: MinorPermission?) throws {
        let request = make.request(to: try audience(purpose, nil, recipient))
        let grant = ConsentEvent.Content.statement(make.statement(.given, purpose, to: recipient))
        let minor = ConsentEvent.Content.principal(make.status(.from13To17))
        #expect(reason(make.room(minor, grant), request) == (needed == nil ? nil : .minor))
        for allowed in MinorPermission.allCases {
            let rules = ConsentEvent.Content.rules(RoomRules(minors: [allowed]))
            let isAllowed = needed.map { $0 == allowed } ?? true
            #expect(reason(make.room(rules, minor, grant), request) == (isAllowed ? nil : .minor))
        }
    }

    @Test func aRoomForChildrenTakesUnknownAgeAsAChild() {
        let rules = ConsentEvent.Content.rules(RoomRules(treatsUnknownAgeAsChild: true))
        #expect(reason(make.room(rules, .statement(make.statement()))) == .guardian)
        let adult = ConsentEvent.Content.principal(make.status(.adult))
        #expect(reason(make.room(rules, adult, .statement(make.statement()))) == nil)
    }

    // MARK: - Places

    @Test func everyPlaceLiesInTheRegionsOfTheGrant() throws {
        let terms = ConsentTerms(geographicRestrictions: [try region("EU")])
        let grant = ConsentEvent.Content.statement(
            make.statement(.given, .recording, to: "vault", terms: terms)
        )
        func decided(_ relay: String?, _ recipient: String?, _ storage: String?) throws -> DenyReason? {
            let rules = RoomRules(
                relayRegion: relay.flatMap { Region($0) },
                storageRegion: storage.flatMap { Region($0) }
            )
            var request = make.request(to: try audience(.recording, nil, "vault"))
            request.recipientRegion = recipient.flatMap { Region($0) }
            return reason(make.room(.rules(rules), grant), request)
        }
        #expect(try decided("DE", "FR", "IE") == nil)
        for (relay, recipient, storage) in [
            ("US", "FR", "IE"), ("DE", "US", "IE"), ("DE", "FR", "US"), (nil, "FR", "IE"), ("DE", nil, "IE"),
            ("DE", "FR", nil),
        ] {
            #expect(try decided(relay, recipient, storage) == .region)
        }
    }

    @Test func storageLiesWhereTheGrantSays() throws {
        let terms = ConsentTerms(storageLocations: [try region("DE")])
        let request = make.request(to: try audience(.recording, nil, "vault"))
        let grant = ConsentEvent.Content.statement(
            make.statement(.given, .recording, to: "vault", terms: terms)
        )
        let there = ConsentEvent.Content.rules(RoomRules(storageRegion: try region("DE")))
        let elsewhere = ConsentEvent.Content.rules(RoomRules(storageRegion: try region("FR")))
        #expect(reason(make.room(there, grant), request) == nil)
        #expect(reason(make.room(elsewhere, grant), request) == .region)
        let live = ConsentEvent.Content.statement(make.statement(terms: terms))
        #expect(reason(make.room(elsewhere, live)) == nil)
    }

    // MARK: - Carried along

    @Test(arguments: Purpose.allCases)
    func aStreamThatIsPassedOnIsShownForWhatIsCarriedAlongOnly(purpose: Purpose) throws {
        let isNamed = purpose.namesRecipient
        let audience = try audience(purpose, nil, isNamed ? "vault" : nil)
        let media: MediaType = purpose == .identify ? .displayName : .video
        let grant = make.statement(.given, purpose, to: isNamed ? "vault" : nil, media: [media])
        var request = make.request(media, to: audience)
        request.carried = []
        #expect(reason(make.room(.statement(grant)), request) == .notCarried)
        request.carried = CarriedConsent(rawValue: .max).subtracting(CarriedConsent(purpose))
        #expect(reason(make.room(.statement(grant)), request) == .notCarried)
        request.carried = CarriedConsent(purpose)
        #expect(reason(make.room(.statement(grant)), request) != .notCarried)
        #expect(reason(make.room(), request) == .noRecord, "it widens nothing")
    }

    @Test func somebodyElsesCarriedConsentCountsInAnAllPartyRoom() throws {
        let vault = try audience(.recording, nil, "vault")
        let rules = ConsentEvent.Content.rules(RoomRules(consentRule: .allParty))
        let own = ConsentEvent.Content.statement(make.statement(.given, .recording, to: "vault"))
        let others = ConsentEvent.Content.statement(
            make.statement(.given, of: make.bob, .recording, to: "vault")
        )
        var request = make.request(to: vault)
        request.onAir = [TrackOnAir(participant: make.bob, media: .audio, stream: "mic", carried: .live)]
        #expect(reason(make.room(rules, own, others), request) == .allParty)
        request.onAir = [
            TrackOnAir(participant: make.bob, media: .audio, stream: "mic", carried: .recording)
        ]
        #expect(reason(make.room(rules, own, others), request) == nil)
    }

    // MARK: - Everybody on air

    @Test func anAllPartyRoomRecordsNobodyUntilEverybodyOnAirHasAgreed() throws {
        let vault = try audience(.recording, nil, "vault")
        let rules = ConsentEvent.Content.rules(RoomRules(consentRule: .allParty))
        let own = ConsentEvent.Content.statement(make.statement(.given, .recording, to: "vault"))
        let others = ConsentEvent.Content.statement(
            make.statement(.given, of: make.bob, .recording, to: "vault", until: 4)
        )
        var request = make.request(to: vault)
        #expect(reason(make.room(own), request) == nil)
        #expect(reason(make.room(rules, own), request) == .allParty)
        request.onAir = [TrackOnAir(participant: make.bob, media: .audio, stream: "mic")]
        #expect(reason(make.room(rules, own), request) == .allParty)
        guard
            case .permit(let permit) = decide(
                request,
                make.room(rules, own, others),
                now: ConsentFixtures.now
            )
        else {
            Issue.record("denied")
            return
        }
        #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 4000))
        request.audience = .roomViewers
        #expect(reason(make.room(rules, .statement(make.statement())), request) == nil)
    }

    @Test func refusingRecordingBarsNobodyFromTheLiveRoomUnlessItSaidSoBefore() {
        let rules = ConsentEvent.Content.rules(RoomRules(isRecordedOnly: true))
        let no = ConsentEvent.Content.statement(make.statement(.refused, .recording, media: []))
        let state = make.room(rules, .statement(make.statement()), no)
        var request = make.request()
        #expect(reason(state, request) == nil)
        request.joinedAt = ConsentFixtures.seconds(-3)
        #expect(reason(state, request) == nil)
        request.joinedAt = ConsentFixtures.seconds(-2)
        #expect(reason(state, request) == .refused)
        let usual = make.room(.statement(make.statement()), no)
        #expect(reason(usual, request) == nil)
    }

    // MARK: - Signals and questions

    @Test func globalPrivacyControlNarrowsSharingWithThirdPartiesOnly() throws {
        let signal = ConsentStatement.globalPrivacyControl(of: make.alice, at: ConsentFixtures.noon)
        let state = make.log(
            [
                make.statement(), make.statement(.given, .liveEmbed, to: "partner"),
                make.statement(.given, .recording, to: "vault"), make.statement(.given, .aggregate),
            ] + signal
        )
        #expect(reason(state) == nil)
        #expect(reason(state, make.request(to: try audience(.recording, nil, "vault"))) == nil)
        #expect(reason(state, make.request(to: try make.embed("partner"))) == .gpc)
        #expect(reason(state, make.request(to: try audience(.aggregate))) == .gpc)
        let named = make.log(
            [make.statement(.withdrawn, .liveEmbed, to: "partner")] + signal
        )
        #expect(reason(named, make.request(to: try make.embed("partner"))) == .withdrawn)
    }

    @Test func refusesAnotherEpochThanTheAskerHasInMind() {
        let state = make.log(make.statement(), make.statement(.renewed))
        for (epoch, expected) in [
            (1 as UInt64, DenyReason.staleEpoch as DenyReason?), (2, nil), (3, .staleEpoch),
        ] {
            var request = make.request()
            request.expectedEpoch = epoch
            #expect(reason(state, request) == expected)
        }
    }

    @Test func everyPermitNamesItsGround() {
        guard
            case .permit(let permit) = decide(
                make.request(),
                make.log(make.statement()),
                now: ConsentFixtures.now
            )
        else {
            Issue.record("denied")
            return
        }
        #expect(permit.basis == .consent)
        #expect(permit.ending(noLaterThan: .distantPast).basis == .consent)
    }
}
