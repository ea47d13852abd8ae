import Disclosures
import MediaRings
import Primitives
import RelayEngine
import Rooms
import Testing

/// What the disclosure ledger says against what is seen on the wire.
@Suite("Accounts of disclosure")
struct AccountTests {
    private struct Stage {
        let simulation: Simulation
        let publisher: SimulatedPublisher
        let viewer: SimulatedViewer
        var ledger: SimulatedLedger { simulation.ledger }

        init(seed: UInt64 = 1) throws {
            simulation = try Simulation(seed: seed)
            publisher = simulation.addPublisher(loop: 0)
            viewer = simulation.addViewer(loop: 1)
        }

        func mediaCount(_ mediaIndex: Int = 1) -> Int {
            viewer.tap.lines[viewer.lines[mediaIndex].ssrc]?.mediaCount ?? 0
        }

        var isQuiet: Bool { mediaCount(0) == 0 && mediaCount(1) == 0 }

        /// Takes everything back, and lets the last counts be written.
        func end() {
            simulation.closeAll()
            simulation.run(milliseconds: 500)
        }

        func expectNoViolations() {
            #expect(simulation.violations.isEmpty, "\(simulation.violations)")
        }
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func everyPacketIsInOneIntervalWhateverIsLost(seed: UInt64) throws {
        let stage = try Stage(seed: seed)
        let simulation = stage.simulation
        simulation.link = LinkQuality(
            lossPercent: 6,
            duplicatePercent: 3,
            latencyMilliseconds: 12,
            jitterMilliseconds: 15
        )
        for loop in simulation.loops { loop.congestionPercent = 4 }
        var habits = ViewerHabits()
        habits.usesRTX = seed % 2 == 0
        let other = simulation.addViewer(loop: 0, habits: habits)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 2_500)
        simulation.close(stage.publisher.video)
        simulation.run(milliseconds: 700)
        simulation.open(stage.publisher.video)
        simulation.run(milliseconds: 1_500)
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
        let closed = stage.ledger.entries(.closed)
        #expect(closed.reduce(0) { $0 + $1.packets } > 500)
        #expect(Set(closed.map(\.interval.session)).count == 2)
        #expect(stage.viewer.tap.retransmissions + other.tap.retransmissions > 5)
        #expect(simulation.loops.reduce(0) { $0 + $1.congestionDropped } > 5)
    }

    @Test func soundAndPictureOpenedTogetherAreOneInterval() throws {
        let stage = try Stage()
        stage.simulation.openAll()
        stage.simulation.keepLeases()
        stage.simulation.run(milliseconds: 1_000)
        stage.end()
        let opened = stage.ledger.entries(.opened)
        #expect(opened.map(\.interval.media) == [[.audio, .video]])
        #expect(opened.map(\.interval.grant) == [1])
        let closed = stage.ledger.entries(.closed)
        #expect(closed.map(\.interval) == opened.map(\.interval))
        let length =
            try #require(closed.first).time.nanosecondsSince1970 - closed[0].from.nanosecondsSince1970
        #expect((1_000...1_060).contains(length / 1_000_000))
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    /// The picture ends and the sound goes on: the first interval ends there, and a new one says sound alone.
    @Test func whatGoesOnMovesToAnIntervalOfItsOwnWithoutAPause() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        simulation.close(stage.publisher.video)
        let closing = simulation.reading.wall
        let before = stage.mediaCount(0)
        simulation.run(milliseconds: 500)
        #expect((24...26).contains(stage.mediaCount(0) - before), "a packet each 20 ms")
        let first = try #require(stage.ledger.entries(.closed).first)
        #expect(first.interval.media == [.audio, .video])
        #expect(first.time.nanosecondsSince1970 - closing.nanosecondsSince1970 < 40_000_000)
        let opened = stage.ledger.entries(.opened)
        #expect(opened.map(\.interval.media) == [[.audio, .video], [.audio]])
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    @Test func tellsOfProgressEveryFiveSeconds() throws {
        let stage = try Stage()
        stage.simulation.openAll()
        stage.simulation.keepLeases()
        stage.simulation.run(milliseconds: 16_000)
        let progress = stage.ledger.entries(.progress)
        #expect(progress.count == 3)
        for (earlier, later) in zip(progress, progress.dropFirst()) {
            let apart = (later.time.nanosecondsSince1970 - earlier.time.nanosecondsSince1970) / 1_000_000
            #expect((4_990...5_010).contains(apart))
            #expect(later.packets > earlier.packets + 300)
        }
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    @Test func nothingLeavesBeforeTheLedgerHoldsTheInterval() throws {
        let stage = try Stage()
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
        let stage = try Stage()
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
        let stage = try Stage()
        let simulation = stage.simulation
        stage.ledger.isFailing = true
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 4_000)
        #expect(stage.isQuiet)
        #expect(simulation.lineStates[stage.viewer.id] == [0: .withheld, 1: .withheld])
        let slates = try #require(stage.viewer.tap.lines[stage.viewer.lines[1].ssrc]).slateTimes
        #expect((2...4).contains(slates.count))
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
        let stage = try Stage()
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
            let stage = try Stage(seed: UInt64(milliseconds))
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

    @Test func aLineThatIsFedFromSomethingElseIsInAnotherInterval() throws {
        let simulation = try Simulation(seed: 3)
        let first = simulation.addPublisher(loop: 0)
        let second = simulation.addPublisher(loop: 1)
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        for turn in 0..<6 {
            let source = turn % 2 == 0 ? second : first
            simulation.subscribe(viewer, mediaIndex: 1, to: source.video)
            simulation.subscribe(viewer, mediaIndex: 0, to: source.audio)
            simulation.run(milliseconds: 400)
        }
        simulation.closeAll()
        simulation.run(milliseconds: 500)
        simulation.ledger.check(isOver: true)
        #expect(simulation.ledger.entries(.closed).filter { $0.packets > 10 }.count >= 8)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func aSessionThatEndsEndsItsIntervals() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        stage.ledger.change { accounts in
            for index in 0..<2 { accounts.detach(LineName(peer: stage.viewer.id, mediaIndex: index)) }
        }
        simulation.loops[1].post([.removePeer(stage.viewer.id)])
        simulation.run(milliseconds: 300)
        stage.ledger.check(isOver: true)
        #expect(stage.ledger.entries(.closed).count == 1)
        #expect(stage.ledger.accounts.isSettled)
        stage.expectNoViolations()
    }

    @Test func refusalIsWrittenOnceForAReason() throws {
        let stage = try Stage()
        let simulation = stage.simulation
        func deny(_ reason: DenyReason) {
            stage.ledger.change { accounts in
                for ring in [stage.publisher.video, stage.publisher.audio] {
                    accounts.denied(ring.track, AudienceID(1), reason, epoch: 7)
                }
            }
            simulation.run(milliseconds: 350)
        }
        deny(.noRecord)
        deny(.noRecord)
        deny(.expired)
        let refusals = stage.ledger.refusals
        #expect(refusals.map(\.reason) == [.noRecord, .expired])
        #expect(refusals.map(\.entry.interval.media) == [[.audio, .video], [.audio, .video]])
        #expect(refusals.allSatisfy { $0.entry.interval.epoch == 7 && $0.entry.interval.grant == nil })
        // A new session is refused by itself; after a disclosure the same reason is told again.
        simulation.addViewer(loop: 0)
        simulation.run(milliseconds: 350)
        #expect(stage.ledger.refusals.count == 3)
        simulation.openAll()
        simulation.run(milliseconds: 350)
        stage.end()
        #expect(stage.ledger.refusals.map(\.reason).suffix(2) == [.withdrawn, .withdrawn])
        #expect(stage.ledger.refusals.count == 5)
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    /// One entry that the ledger will never take costs nobody else anything, and what it opens stays shut.
    @Test func oneContradictionIsLeftOutAndTheOthersAreNot() throws {
        let stage = try Stage()
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
