import Disclosures
import MediaRings
import Primitives
import RelayEngine
import Rooms
import Testing

/// What the disclosure ledger says against what is seen on the wire.
@Suite("Accounts of disclosure")
struct AccountTests {
    @Test(arguments: 0..<6 as Range<UInt64>)
    func everyPacketIsInOneIntervalWhateverIsLost(seed: UInt64) throws {
        let stage = try AccountStage(seed: seed)
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
        let stage = try AccountStage()
        stage.simulation.openAll()
        stage.simulation.keepLeases()
        stage.simulation.run(milliseconds: 1_000)
        stage.end()
        let opened = stage.ledger.entries(.opened)
        #expect(opened.map(\.interval.media) == [[.audio, .video]])
        #expect(opened.map(\.interval.grant) == [1])
        #expect(opened.map(\.interval.basis) == [.consent])
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
        let stage = try AccountStage()
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
        let stage = try AccountStage()
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
        let stage = try AccountStage()
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
        let stage = try AccountStage()
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

    /// Given anew while it stands: what is shown goes on, and the ledger names the grant that it is shown under.
    @Test func anotherGrantOfTheSameOpeningIsAnotherIntervalWithoutAPause() throws {
        let stage = try AccountStage()
        let simulation = stage.simulation
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        let before = stage.mediaCount(0)
        let renewed = try Simulation.makePermit(grant: 7)
        stage.ledger.change { accounts in
            for ring in [stage.publisher.video, stage.publisher.audio] {
                accounts.opened(simulation.gate(ring, AudienceID(1)).gate, renewed, notice: nil)
            }
        }
        simulation.run(milliseconds: 500)
        #expect((24...26).contains(stage.mediaCount(0) - before), "a packet each 20 ms")
        #expect(stage.ledger.entries(.opened).map(\.interval.grant) == [1, 7])
        #expect(stage.ledger.entries(.closed).map(\.interval.grant) == [1])
        stage.end()
        #expect(
            stage.ledger.entries(.closed).map(\.interval.media) == [[.audio, .video], [.audio, .video]]
        )
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }

    /// The consent ends and a demand goes on: what is shown from then on is not shown by consent.
    @Test func whatTheLawCompelsIsAnIntervalOfItsOwn() throws {
        let stage = try AccountStage()
        stage.simulation.openAll()
        stage.simulation.keepLeases()
        stage.simulation.run(milliseconds: 500)
        let compelled = try Simulation.makeCompelledPermit(demand: 9)
        stage.ledger.change { accounts in
            for ring in [stage.publisher.video, stage.publisher.audio] {
                accounts.opened(stage.simulation.gate(ring, AudienceID(1)).gate, compelled, notice: nil)
            }
        }
        stage.simulation.run(milliseconds: 500)
        #expect(stage.ledger.entries(.opened).map(\.interval.basis) == [.consent, .legalDemand])
        #expect(stage.ledger.entries(.opened).map(\.interval.grant) == [1, 9])
        stage.end()
        stage.ledger.check(isOver: true)
        stage.expectNoViolations()
    }
}
