import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import Testing

@Suite("Retransmission")
struct RetransmissionTests {
    @Test(arguments: [true, false])
    func lossIsRepairedBothWays(usesRTX: Bool) throws {
        let simulation = try Simulation(seed: 1)
        simulation.link = LinkQuality(
            lossPercent: 8,
            duplicatePercent: 2,
            latencyMilliseconds: 10,
            jitterMilliseconds: 5
        )
        var publisherHabits = PublisherHabits()
        publisherHabits.usesRTX = usesRTX
        var habits = ViewerHabits()
        habits.usesRTX = usesRTX
        let publisher = simulation.addPublisher(loop: 0, habits: publisherHabits)
        let viewer = simulation.addViewer(loop: 1, habits: habits)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 5_000)
        publisher.isMuted = true
        simulation.run(milliseconds: 1_000)
        #expect(publisher.nacksReceived > 5)
        #expect(viewer.tap.retransmissions > 5)
        // Whatever was sent after the viewer began has arrived, but for what was lost six times over.
        let track = UInt32(publisher.video.track.rawValue)
        let beginning = try #require(viewer.tap.lines[viewer.lines[1].ssrc]?.beginnings.first?.original.mark)
        let due = publisher.sent.keys.filter { $0.track == track && $0.number >= beginning.number }
        let arrived = due.filter { viewer.seen[$0] != nil }
        #expect(due.count > 150)
        #expect(due.count - arrived.count <= 1, "\(arrived.count) of \(due.count)")
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// A repetition of something far away (of an earlier source, or of nothing) does not stop the stream.
    @Test func strayRepetitionMovesNoWindow() throws {
        let simulation = try Simulation(seed: 7)
        let publisher = simulation.addPublisher(loop: 0)
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        for ahead: UInt64 in [200, 2_000, 20_000, 32_000, 40_000, 65_000] {
            publisher.sendStray(ahead: ahead)
            simulation.run(milliseconds: 300)
            let video = UInt32(publisher.video.track.rawValue)
            let last = try #require(viewer.seen.filter { $0.key.track == video }.values.max())
            #expect(simulation.now.milliseconds(since: last) < 100, "\(ahead)")
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Both sources use the same numbers; what was asked of the one is not answered with the other's.
    @Test func numbersOfTheOldSourceMeanNothingOfTheNew() throws {
        let simulation = try Simulation(seed: 6)
        simulation.link.latencyMilliseconds = 0
        var publisherHabits = PublisherHabits()
        publisherHabits.firstVideoSequence = 1_000
        let publishers = (0...1).map { simulation.addPublisher(loop: $0, habits: publisherHabits) }
        var habits = ViewerHabits()
        habits.usesRTX = false
        let viewer = simulation.addViewer(loop: 0, habits: habits)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        for turn in 0..<20 {
            simulation.subscribe(viewer, mediaIndex: 1, to: publishers[turn % 2].video)
            viewer.bomb(viewer.lines[1].ssrc)
            simulation.run(milliseconds: 2)
            viewer.bomb(viewer.lines[1].ssrc)
            simulation.run(milliseconds: 80)
        }
        #expect(viewer.tap.lines[viewer.lines[1].ssrc]?.switchCount ?? 0 > 10)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// A viewer that asks for everything again and again gets what its budget allows.
    @Test func budgetBoundsWhatAskingBrings() throws {
        let simulation = try Simulation(seed: 2)
        var publisherHabits = PublisherHabits()
        publisherHabits.filler = 1_000
        let publisher = simulation.addPublisher(loop: 0, habits: publisherHabits)
        let greedy = simulation.addViewer(loop: 0)
        let modest = simulation.addViewer(loop: 0)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        let seconds: Int64 = 3
        for _ in 0..<(seconds * 100) {
            greedy.bomb(greedy.lines[1].ssrc, count: 100)
            simulation.run(milliseconds: 10)
        }
        let allowed = 150_000 + 150_000 * (seconds + 1)
        #expect(greedy.tap.retransmittedBytes > 200_000)
        #expect(greedy.tap.retransmittedBytes <= allowed, "\(greedy.tap.retransmittedBytes)")
        #expect(modest.tap.retransmissions == 0)
        #expect(simulation.loops[0].engine.forwarder.counters.retransmissionsRefused > 0)
        // Whoever asks for nothing is served as ever.
        let last = try #require(modest.seen.values.max())
        #expect(simulation.now.milliseconds(since: last) < 60)
        #expect(publisher.nacksReceived == 0, "and the publisher hears nothing of it")
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func deadAndSlowViewersCostOthersNothing() throws {
        func latencies(bothered: Bool) throws -> [Int64] {
            let simulation = try Simulation(seed: 3)
            let publisher = simulation.addPublisher(loop: 0)
            let healthy = simulation.addViewer(loop: 0)
            if bothered {
                for _ in 0..<2 {
                    let dead = simulation.addViewer(loop: 0)
                    simulation.after(600) { dead.isDead = true }
                }
                var habits = ViewerHabits()
                habits.bombPercent = 60
                habits.plisPercent = 60
                habits.estimate = 30_000
                let slow = simulation.addViewer(loop: 0, habits: habits)
                slow.tap.mayThin = true
            }
            simulation.openAll()
            simulation.keepLeases()
            simulation.run(milliseconds: 4_000)
            #expect(simulation.violations.isEmpty, "\(simulation.violations)")
            let track = simulation.track(UInt32(publisher.video.track.rawValue))
            return healthy.tap.firstSent.compactMap { mark, sent in
                track.byMark[mark].map { sent.time.nanoseconds(since: $0.published.time) / 1_000 }
            }
        }
        let alone = try latencies(bothered: false)
        let among = try latencies(bothered: true)
        #expect(alone.count > 150)
        #expect(Double(among.count) > Double(alone.count) * 0.9)
        let slowest = try #require(among.sorted().dropLast(among.count / 20).last)
        #expect(slowest < 2_000, "microseconds within the relay: \(slowest)")
    }
}
