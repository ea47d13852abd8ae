import Disclosures
import Primitives
import Testing

@Suite
struct DisclosureGateTests {
    let gate = DisclosureGate(track: TrackID(7), audience: AudienceID(3))
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    private func time(_ milliseconds: Int64) -> MonotonicTime {
        ConsentFixtures.now.monotonic.advanced(byMilliseconds: milliseconds)
    }

    private func permit(until seconds: Int64? = nil) throws -> Permit {
        let log = make.log(make.statement(until: seconds))
        let decision = decide(make.request(), log, now: ConsentFixtures.now)
        guard case .permit(let permit) = decision else {
            throw Denied(decision: decision)
        }
        return permit
    }

    private struct Denied: Error { let decision: Decision }

    private func passedPosition(at now: MonotonicTime) -> UInt64? { gate.withPass(now: now) { $0.opensAt } }

    @Test func isClosedUntilItIsOpened() {
        #expect(passedPosition(at: time(0)) == nil)
        #expect(!gate.isOpen(now: .distantPast))
    }

    @Test func lendsAPassForItsTrackAndAudienceOnly() throws {
        gate.open(try permit(), from: 40, leaseEnd: time(2000))
        let seen = gate.withPass(now: time(1)) { [$0.track.rawValue, $0.audience.rawValue, $0.opensAt] }
        #expect(seen == [7, 3, 40])
        #expect(gate.epoch == 1)
    }

    @Test func closesAtTheEndOfTheLeaseWithoutAnyMessage() throws {
        gate.open(try permit(), from: 40, leaseEnd: time(2000))
        #expect(passedPosition(at: time(1999)) == 40)
        #expect(passedPosition(at: time(2000)) == nil)
    }

    @Test func neverOutlivesThePermit() throws {
        gate.open(try permit(until: 1), from: 40, leaseEnd: time(2000))
        #expect(passedPosition(at: time(999)) == 40)
        #expect(passedPosition(at: time(1000)) == nil)
        #expect(gate.renew(try permit(until: 1), from: 50, leaseEnd: time(2500), now: time(500)) == false)
        #expect(passedPosition(at: time(1000)) == nil)
    }

    @Test func keepsItsPositionWhileRenewedInTime() throws {
        gate.open(try permit(), from: 40, leaseEnd: time(2000))
        #expect(gate.renew(try permit(), from: 90, leaseEnd: time(3000), now: time(1000)) == false)
        #expect(passedPosition(at: time(2500)) == 40)
    }

    @Test func opensAnewFromTheHeadAfterALapse() throws {
        gate.open(try permit(), from: 40, leaseEnd: time(2000))
        #expect(gate.renew(try permit(), from: 90, leaseEnd: time(4000), now: time(2000)))
        #expect(passedPosition(at: time(2100)) == 90)
    }

    @Test func lendsNothingOnceClosed() throws {
        gate.open(try permit(), from: 40, leaseEnd: time(2000))
        gate.close()
        #expect(passedPosition(at: time(1)) == nil)
    }

    @Test func everyOpeningHasANumberOfItsOwn() throws {
        #expect(gate.opening == 0)
        let first = gate.open(try permit(), from: 40, leaseEnd: time(2000))
        #expect(gate.renew(try permit(), from: 90, leaseEnd: time(3000), now: time(1000)) == false)
        #expect(gate.withPass(now: time(1)) { $0.opening } == first)
        #expect(gate.renew(try permit(), from: 90, leaseEnd: time(5000), now: time(3000)))
        #expect(gate.withPass(now: time(1)) { $0.opening } == first + 1)
        gate.close()
        let third = gate.open(try permit(), from: 99, leaseEnd: time(6000))
        #expect([first, third] == [1, 3])
    }

    @Test func anOpeningEndsWithItsClosingOrTheNextAndNotWithItsLease() throws {
        let first = gate.open(try permit(), from: 40, leaseEnd: time(2000))
        #expect(passedPosition(at: time(2000)) == nil)
        #expect(!gate.hasEnded(first))
        gate.close()
        #expect(gate.hasEnded(first))
        let second = gate.open(try permit(), from: 40, leaseEnd: time(2000))
        #expect(gate.hasEnded(first))
        #expect(!gate.hasEnded(second))
    }
}
