import Disclosures
import Primitives
import Testing

@Suite
struct DecideTests {
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    private func reason(_ state: RoomConsent, _ request: DisclosureRequest? = nil) -> DenyReason? {
        decide(request ?? make.request(), state, now: ConsentFixtures.now).denyReason
    }

    @Test func deniesWithoutARecord() {
        #expect(reason(RoomConsent()) == .noRecord)
    }

    @Test func deniesWhenOnlySomebodyElseHasAgreed() {
        #expect(reason(make.log(make.statement(of: make.bob))) == .noRecord)
    }

    @Test(arguments: [ConsentState.given, .renewed])
    func permitsWhatWasGrantedAtTheCurrentEpoch(state: ConsentState) {
        let log = make.log(make.statement(.refused), make.statement(state))
        guard case .permit(let permit) = decide(make.request(), log, now: ConsentFixtures.now) else {
            Issue.record("denied")
            return
        }
        #expect(permit.epoch == 2)
        #expect(permit.grant == 2)
        #expect(permit.notAfter == .distantFuture)
    }

    @Test(arguments: [
        (ConsentState.requested, DenyReason.requested), (.requestDeferred, .deferred),
        (.refused, .refused), (.withdrawn, .withdrawn), (.revoked, .revoked), (.expired, .expired),
        (.invalidated, .invalidated), (.unknown, .noRecord),
    ])
    func deniesInEveryStateThatIsNoGrant(state: ConsentState, expected: DenyReason) {
        #expect(reason(make.log(make.statement(), make.statement(state))) == expected)
    }

    @Test func deniesAnotherPurpose() throws {
        let log = make.log(make.statement(.given, .recording, to: "partner"))
        #expect(reason(log) == .purpose)
        #expect(reason(log, make.request(to: try make.embed("partner"))) == .purpose)
    }

    @Test func deniesAnotherRecipientOfTheSamePurpose() throws {
        let log = make.log(make.statement(.given, .liveEmbed, to: "partner"))
        #expect(reason(log, make.request(to: try make.embed("other"))) == .recipient)
        #expect(reason(log, make.request(to: try make.embed("partner"))) == nil)
    }

    @Test func deniesAGrantThatNamesNobodyWhereThePurposeNeedsAName() throws {
        let log = make.log(make.statement(.given, .liveEmbed))
        #expect(reason(log, make.request(to: try make.embed("partner"))) == .recipient)
    }

    @Test func deniesAGrantOfTheRoomThatNamesSomebody() {
        #expect(reason(make.log(make.statement(.given, .liveRoom, to: "partner"))) == .recipient)
    }

    @Test func deniesOtherMedia() {
        let log = make.log(make.statement(media: [.audio]))
        #expect(reason(log, make.request(.video)) == .media)
        #expect(reason(log, make.request(.audio)) == nil)
    }

    @Test func deniesAnotherStream() {
        let log = make.log(make.statement(stream: "cam"))
        #expect(reason(log, make.request(stream: "screen")) == .scope)
        #expect(reason(log, make.request(stream: "cam")) == nil)
    }

    @Test func deniesBeforeTheGrantBegins() {
        #expect(reason(make.log(make.statement(from: 1))) == .expired)
        #expect(reason(make.log(make.statement(from: 0))) == nil)
    }

    @Test func deniesFromTheMomentTheGrantEnds() {
        #expect(reason(make.log(make.statement(until: 0))) == .expired)
        #expect(reason(make.log(make.statement(until: 1))) == nil)
    }

    @Test func endsThePermitWhereTheGrantEnds() {
        let decision = decide(
            make.request(),
            make.log(make.statement(until: 3)),
            now: ConsentFixtures.now
        )
        guard case .permit(let permit) = decision else {
            Issue.record("denied")
            return
        }
        #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 3000))
    }

    @Test func demandsEveryRuleInOneAndTheSameGrant() throws {
        let audience = try make.embed("partner")
        let log = make.log(
            make.statement(.given, .liveEmbed, to: "partner", media: [.audio]),
            make.statement(.given, .liveEmbed, to: "other", media: [.video]),
            make.statement(.given, .recording, to: "partner", media: [.video]),
            make.statement(.given, .liveEmbed, to: "partner", stream: "screen", media: [.video]),
            make.statement(.given, .liveRoom, media: [.video])
        )
        #expect(reason(log, make.request(.video, to: audience)) == .media)
    }

    @Test func governsByTheGrantThatEndsFirst() {
        let statements = [
            make.statement(until: 9), make.statement(stream: "cam", until: 4),
        ]
        for order in [statements, statements.reversed()] {
            let log = make.log(order)
            guard case .permit(let permit) = decide(make.request(), log, now: ConsentFixtures.now) else {
                Issue.record("denied")
                continue
            }
            #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 4000))
            #expect(log.record(for: statements[1].key)?.sequence == permit.grant)
        }
    }

    @Test func aBoundedGrantIsMoreRestrictiveThanAnUnboundedOne() {
        for order in [[nil, 4], [4, nil]] as [[Int64?]] {
            let log = make.log(
                make.statement(until: order[0]),
                make.statement(stream: "cam", until: order[1])
            )
            guard case .permit(let permit) = decide(make.request(), log, now: ConsentFixtures.now) else {
                Issue.record("denied")
                continue
            }
            #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 4000))
        }
    }

    @Test(arguments: [ConsentState.refused, .withdrawn, .revoked, .invalidated])
    func aRefusalThatAppliesBeatsEveryGrant(state: ConsentState) throws {
        let audience = try make.embed("partner")
        let grant = make.statement(.given, .liveEmbed, to: "partner")
        let narrowGrant = make.statement(.given, .liveEmbed, to: "partner", stream: "cam")
        let refusal = make.statement(state, .liveEmbed, media: [])
        for order in [[refusal, grant, narrowGrant], [grant, narrowGrant, refusal]] {
            #expect(reason(make.log(order), make.request(to: audience)) == state.denyReason)
        }
    }

    @Test func aRefusalOfOneStreamBeatsTheGrantOfAll() {
        let log = make.log(make.statement(.refused, stream: "screen"), make.statement())
        #expect(reason(log, make.request(stream: "screen")) == .refused)
        #expect(reason(log, make.request(stream: "cam")) == nil)
    }

    @Test func aRefusalOfOneMediumLeavesTheOther() {
        let log = make.log(make.statement(.refused, stream: "cam", media: [.video]), make.statement())
        #expect(reason(log, make.request(.video)) == .refused)
        #expect(reason(log, make.request(.audio)) == nil)
    }

    @Test func aRefusalTouchesNoOtherPurposeOrRecipient() throws {
        let log = make.log(
            make.statement(),
            make.statement(.refused, .liveEmbed, to: "other"),
            make.statement(.given, .liveEmbed, to: "partner")
        )
        #expect(reason(log) == nil)
        #expect(reason(log, make.request(to: try make.embed("partner"))) == nil)
        #expect(reason(log, make.request(to: try make.embed("other"))) == .refused)
    }

    @Test func aRequestOrAnExpiryTakesNothingFromAnotherGrant() {
        for state in [ConsentState.requested, .requestDeferred, .expired] {
            #expect(reason(make.log(make.statement(), make.statement(state, stream: "cam"))) == nil)
        }
    }

    @Test func namesTheGravestOfSeveralRefusals() {
        let states = [ConsentState.refused, .invalidated, .withdrawn, .revoked]
        for count in 1...states.count {
            let refusals = states.prefix(count).enumerated().map { index, state in
                make.statement(state, stream: index == 0 ? nil : "cam", media: [.video])
            }
            // Only two keys exist, so compare the first with each of the others.
            guard let first = refusals.first, let last = refusals.last else { continue }
            #expect(reason(make.log(last, first)) == states[count - 1].denyReason)
            #expect(reason(make.log(first, last)) == states[count - 1].denyReason)
        }
    }

    @Test func recordPreferenceOffRefusesRecordingAndNothingElse() throws {
        let recorder = try #require(Audience(purpose: .recording, recipient: "vault"))
        let off = make.statement(.refused, .recording, media: [], source: .recordPreference)
        let log = make.log(make.statement(), make.statement(.given, .recording, to: "vault"), off)
        #expect(reason(log, make.request(to: recorder)) == .refused)
        #expect(reason(log) == nil)
    }

    @Test func liftingARecordPreferenceLiftsNoRefusalOfThePerson() throws {
        let recorder = try #require(Audience(purpose: .recording, recipient: "vault"))
        let log = make.log(
            make.statement(.given, .recording, to: "vault"),
            make.statement(.refused, .recording, media: []),
            make.statement(.refused, .recording, media: [], source: .recordPreference),
            make.statement(.unknown, .recording, media: [], source: .recordPreference)
        )
        #expect(reason(log, make.request(to: recorder)) == .refused)
    }

    @Test func aRecordPreferenceNeverGrants() throws {
        let recorder = try #require(Audience(purpose: .recording, recipient: "vault"))
        let log = make.log(make.statement(.given, .recording, to: "vault", source: .recordPreference))
        #expect(reason(log, make.request(to: recorder)) == .noRecord)
    }

    @Test func staysInsideTheStableListOfReasons() {
        let listed = [
            "no-record", "requested", "deferred", "refused", "withdrawn", "revoked", "expired", "invalidated",
            "outdated-notice", "purpose", "recipient", "media", "scope", "minor", "guardian", "region",
            "all-party", "captured-without", "controller-changed", "gpc", "stale-epoch", "lease-expired",
            "log-unavailable", "hold", "not-carried", "malformed",
        ]
        #expect(DenyReason.allCases.map(\.rawValue) == listed)
    }
}
