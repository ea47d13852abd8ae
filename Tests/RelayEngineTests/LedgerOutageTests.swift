import Disclosures
import MediaRings
import Primitives
import RelayEngine
import Rooms
import Testing

/// A disclosure ledger that is late, takes nothing, or contradicts; and a loop that stops.
@Suite("Outages of the disclosure ledger")
struct LedgerOutageTests {
    @Test func nothingLeavesBeforeTheLedgerHoldsTheInterval() throws {
        let stage = try AccountStage()
        stage.ledger.latencyMicroseconds = 400_000...400_000
        stage.simulation.openAll()
        stage.simulation.keepLeases()
        stage.simulation.run(milliseconds: 399)
        #expect(stage.viewer.isEstablished)
        #expect(stage.isQuiet)
        stage.simulation.run(milliseconds: 200)
        #expect(stage.mediaCount() > 5)
        let opened = try #require(stage.ledger.committed.first { $0.entry.kind == .opened })
        let first = try #require(
            stage.viewer.tap.firstSent.filter { !$0.key.isSlate }.values.map(\.step).min()
        )
        #expect(opened.moment.step < first)
        stage.expectNoViolations()
    }

    /// Closed and opened anew while the first opening is being written: the late answer admits nothing.
    @Test func lateAdmissionOfAnEarlierOpeningAdmitsNothing() throws {
        let stage = try AccountStage()
        let simulation = stage.simulation
        simulation.run(milliseconds: 500)
        stage.ledger.latencyMicroseconds = 300_000...300_000
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 100)
        simulation.closeAll()
        simulation.run(milliseconds: 50)
        stage.ledger.latencyMicroseconds = 600_000...600_000
        simulation.openAll()
        simulation.run(milliseconds: 590)
        #expect(stage.ledger.entries(.opened).count == 1, "the first is written, and too late")
        #expect(stage.isQuiet)
        stage.ledger.latencyMicroseconds = 1_000...1_000
        simulation.run(milliseconds: 500)
        #expect(stage.mediaCount() > 5)
        let empty = try #require(stage.ledger.entries(.closed).first)
        #expect(empty.packets == 0)
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    @Test func aLedgerThatTakesNothingKeepsEverythingBackUntilItIsThereAgain() throws {
        let stage = try AccountStage()
        let simulation = stage.simulation
        stage.ledger.isFailing = true
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 4_000)
        #expect(stage.isQuiet)
        #expect(simulation.lineStates[stage.viewer.id] == [0: .withheld, 1: .withheld])
        let slates = try #require(stage.viewer.tap.lines[stage.viewer.lines[1].ssrc]).slateTimes
        #expect((5...7).contains(slates.count))
        #expect(stage.ledger.accounts.isUnavailable)
        let stream = "stream\(stage.publisher.id.rawValue)"
        #expect(stage.ledger.accounts.isBlocked(stream: stream, audience: .roomViewers))
        #expect((8...20).contains(stage.ledger.failures), "tried again, and not without end")
        stage.ledger.isFailing = false
        simulation.run(milliseconds: 1_500)
        #expect(!stage.ledger.accounts.isUnavailable)
        #expect(simulation.lineStates[stage.viewer.id] == [0: .live, 1: .live])
        #expect(stage.mediaCount() > 25)
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    /// What is open goes on while the ledger takes nothing, as long as its lease does, and is accounted for after.
    @Test func countsOutliveAnOutage() throws {
        let stage = try AccountStage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        stage.ledger.isFailing = true
        let before = stage.mediaCount()
        simulation.run(milliseconds: 1_000)
        #expect(stage.mediaCount() > before + 25)
        simulation.closeAll()
        simulation.run(milliseconds: 1_500)
        #expect(!stage.ledger.accounts.isSettled)
        stage.ledger.isFailing = false
        simulation.run(milliseconds: 700)
        #expect(stage.ledger.accounts.isSettled)
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    @Test func countsAreALowerBoundWhenALoopStops() throws {
        for milliseconds in [5_200, 7_431, 12_007] as [Int64] {
            let stage = try AccountStage(seed: UInt64(milliseconds))
            let simulation = stage.simulation
            simulation.openAll()
            simulation.keepLeases()
            simulation.run(milliseconds: milliseconds)
            simulation.loops[1].stallBeforeSendingUntil = .distantFuture
            simulation.loops[1].stallUntil = .distantFuture
            simulation.closeAll()
            simulation.run(milliseconds: 1_000)
            stage.ledger.check(isOver: false)
            #expect(stage.ledger.entries(.closed).isEmpty)
            let last = try #require(stage.ledger.entries(.progress).last)
            let wire = try #require(stage.ledger.seen[last.interval.id])
            #expect(last.packets > 100)
            #expect(last.packets < wire.packets)
            stage.expectNoViolations()
        }
    }

    /// One entry that the ledger will never take costs nobody else anything, and what it opens stays shut.
    @Test func oneContradictionIsLeftOutAndTheOthersAreNot() throws {
        let stage = try AccountStage()
        let simulation = stage.simulation
        for number in 0..<6 { simulation.addViewer(loop: number % 2) }
        let refused = "viewer\(stage.viewer.id.rawValue)"
        stage.ledger.contradicts = { $0.interval.session == refused }
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 2_500)
        #expect(stage.isQuiet)
        for viewer in simulation.viewers.dropFirst() {
            #expect(viewer.tap.lines[viewer.lines[1].ssrc]?.mediaCount ?? 0 > 25)
        }
        stage.ledger.contradicts = { _ in false }
        simulation.run(milliseconds: 1_500)
        #expect(stage.mediaCount() > 5)
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }
}
