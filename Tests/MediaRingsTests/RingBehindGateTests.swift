import Disclosures
import MediaRings
import Primitives
import Testing

@Suite("The ring behind its gate")
struct RingBehindGateTests {
    @Test func nothingIsReadBeforeAnOpening() throws {
        let fixture = try RingFixture()
        fixture.publish(1, keyframe: true)
        #expect(fixture.read(0) == .closed)
        #expect(fixture.newestKeyframe() == nil)
    }

    @Test func leaseThatIsNotRenewedEndsByItself() throws {
        let fixture = try RingFixture()
        fixture.open(leaseEnd: milliseconds(2_000))
        fixture.publish(1)
        #expect(fixture.read(0, at: 1_999) == .bytes(RingFixture.payload(1)))
        #expect(fixture.read(0, at: 2_000) == .closed)
        #expect(fixture.read(0, at: 60_000) == .closed)
    }

    @Test func permitThatEndsShortensTheLease() throws {
        let fixture = try RingFixture()
        fixture.publish(1)
        let permit = try RingFixture.permit(until: 500)
        fixture.gate.open(permit, from: 0, leaseEnd: milliseconds(2_000))
        #expect(fixture.read(0, at: 499) == .bytes(RingFixture.payload(1)))
        #expect(fixture.read(0, at: 500) == .closed)
    }

    @Test func renewalKeepsWhatWasReadable() throws {
        let fixture = try RingFixture()
        fixture.open(leaseEnd: milliseconds(2_000))
        fixture.publish(1)
        let hadLapsed = fixture.gate.renew(
            fixture.permit,
            from: fixture.ring.head,
            leaseEnd: milliseconds(2_500),
            now: milliseconds(500)
        )
        #expect(!hadLapsed)
        #expect(fixture.read(0, at: 2_400) == .bytes(RingFixture.payload(1)))
    }

    @Test func renewalAfterALapseOpensAnew() throws {
        let fixture = try RingFixture()
        fixture.open(leaseEnd: milliseconds(2_000))
        fixture.publish(1)
        let hadLapsed = fixture.gate.renew(
            fixture.permit,
            from: fixture.ring.head,
            leaseEnd: milliseconds(5_000),
            now: milliseconds(3_000)
        )
        #expect(hadLapsed)
        #expect(fixture.read(0, at: 3_001) == .refused)
        fixture.publish(2)
        #expect(fixture.read(1, at: 3_001) == .bytes(RingFixture.payload(2)))
    }

    @Test func closingEndsReadingAndReopeningReachesNothingWithheld() throws {
        let fixture = try RingFixture()
        fixture.open()
        fixture.publish(1, keyframe: true)
        #expect(fixture.newestKeyframe() == 0)
        fixture.gate.close()
        #expect(fixture.read(0) == .closed)
        fixture.publish(2, keyframe: true)
        fixture.open(from: fixture.ring.head)
        fixture.publish(3)
        #expect(fixture.read(0) == .refused, "from before the withdrawal")
        #expect(fixture.read(1) == .refused, "withheld")
        #expect(fixture.read(2) == .bytes(RingFixture.payload(3)))
        #expect(fixture.newestKeyframe() == nil)
        #expect(fixture.position(ofSequence: 2) == nil)
    }

    @Test func gatesOfTwoAudiencesAreApart() throws {
        let fixture = try RingFixture()
        let partner = DisclosureGate(track: RingFixture.track, audience: AudienceID(2))
        fixture.publish(1)
        partner.open(fixture.permit, from: fixture.ring.head, leaseEnd: .distantFuture)
        fixture.open()
        #expect(fixture.read(0) == .bytes(RingFixture.payload(1)))
        #expect(fixture.read(0, through: partner) == .refused)
        fixture.gate.close()
        fixture.publish(2)
        #expect(fixture.read(1) == .closed)
        #expect(fixture.read(1, through: partner) == .bytes(RingFixture.payload(2)))
    }
}
