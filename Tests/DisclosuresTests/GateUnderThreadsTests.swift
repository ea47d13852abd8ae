import Disclosures
import Foundation
import Primitives
import Synchronization
import Testing

@Suite("The gate under threads")
struct GateUnderThreadsTests {
    private static let openings: UInt64 = 200_000

    private final class Findings: Sendable {
        let isWriting = Atomic<Bool>(true)
        let passes = Atomic<Int>(0)
        let mixed = Atomic<Int>(0)
    }

    /// Each opening has a position and a lease that follow from its number: a pass that mixes two is seen.
    @Test func noPassMixesTwoOpenings() throws {
        let make = try ConsentFixtures()
        let log = make.log(make.statement())
        guard case .permit(let permit) = decide(make.request(), log, now: ConsentFixtures.now) else {
            Issue.record("the fixture's grant permits")
            return
        }
        let gate = DisclosureGate(track: TrackID(7), audience: AudienceID(3))
        let findings = Findings()
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Thread.detachNewThread {
                while findings.isWriting.load(ordering: .relaxed) {
                    let isWhole: Bool? = gate.withPass(now: MonotonicTime(nanoseconds: 1)) { pass in
                        pass.opensAt == pass.opening * 3
                            && pass.notAfter.nanoseconds == Int64(pass.opening) * 5 + 10
                    }
                    guard let isWhole else { continue }
                    findings.passes.add(1, ordering: .relaxed)
                    if !isWhole { findings.mixed.add(1, ordering: .relaxed) }
                }
                done.signal()
            }
        }
        Thread.detachNewThread {
            for number in 1...Self.openings {
                let end = MonotonicTime(nanoseconds: Int64(number) * 5 + 10)
                gate.open(permit, from: number * 3, leaseEnd: end)
                if number % 3 == 0 { gate.close() }
                if number % 64 == 0 { sched_yield() }
            }
            findings.isWriting.store(false, ordering: .relaxed)
            done.signal()
        }
        for _ in 0..<3 { done.wait() }
        #expect(findings.mixed.load(ordering: .relaxed) == 0)
        #expect(findings.passes.load(ordering: .relaxed) > 1_000)
        #expect(gate.opening == Self.openings)
    }
}
