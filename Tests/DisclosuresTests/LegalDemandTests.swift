import Disclosures
import Primitives
import Testing

@Suite
struct LegalDemandTests {
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    private func reason(_ state: RoomConsent, _ request: DisclosureRequest? = nil) -> DenyReason? {
        decide(request ?? make.request(), state, now: ConsentFixtures.now).denyReason
    }

    private func demand(
        _ authority: String = "court",
        approvals: Set<String> = ["judge", "counsel"],
        until: Int64? = nil,
        lifted: Bool = false
    ) -> ConsentEvent.Content {
        .demand(
            LegalDemand(
                id: "1 BvR 1",
                participant: make.alice,
                authority: authority,
                basis: "order",
                purposes: [.liveRoom],
                media: [.video],
                validity: ValidityWindow(until: until.map(ConsentFixtures.seconds)),
                approvals: approvals,
                isLifted: lifted
            )
        )
    }

    @Test func theLawCompelsTowardAnAuthorityOnlyAndIsNoConsent() throws {
        let audience = try #require(
            Audience(purpose: .liveRoom, recipientClass: .authority, recipient: "court")
        )
        let court = make.request(to: audience)
        #expect(reason(make.room(.statement(make.statement())), court) == .noRecord)
        let state = make.room(.statement(make.statement(.refused)), demand(until: 9))
        guard case .permit(let permit) = decide(court, state, now: ConsentFixtures.now) else {
            Issue.record("denied")
            return
        }
        #expect(permit.basis == .legalDemand)
        #expect(permit.grant == 2)
        #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 9000))
        #expect(reason(state) == .refused)
        #expect(reason(make.room(demand("police")), court) == .recipient)
        #expect(reason(make.room(demand(approvals: ["judge"])), court) == .noRecord)
        #expect(reason(make.room(demand(until: 0)), court) == .expired)
        #expect(reason(make.room(demand(), demand(lifted: true)), court) == .noRecord)
        var audio = court
        audio.media = .audio
        #expect(reason(make.room(demand()), audio) == .media)
    }
}
