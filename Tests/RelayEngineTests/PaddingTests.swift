import MediaRings
import Primitives
import RTPPackets
import Rooms
import Testing

@Suite("Padding")
struct PaddingTests {
    /// Browsers probe with packets of padding alone; they are dropped, and leave no hole that viewers ask for.
    @Test func paddingLeavesNoHole() throws {
        let simulation = try Simulation(seed: 1)
        var habits = PublisherHabits()
        habits.paddingPercent = 50
        let publisher = simulation.addPublisher(loop: 0, habits: habits)
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 3_000)
        let track = simulation.track(UInt32(publisher.video.track.rawValue))
        let numbers = track.bySequence.keys.sorted()
        let first = try #require(numbers.first)
        let last = try #require(numbers.last)
        #expect(numbers.count > 100)
        #expect(last - first + 1 == Int64(numbers.count))
        #expect(track.byMark.count == numbers.count, "and there is media under each")
        #expect(viewer.missingCount(viewer.lines[1].ssrc) == 0)
        #expect(viewer.tap.retransmissions == 0)
        #expect(publisher.nacksReceived == 0)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Padding that was lost on its way has kept its place when its repetition shows what it was.
    @Test(arguments: [true, false])
    func lostPaddingIsFilledIn(usesRTX: Bool) throws {
        let simulation = try Simulation(seed: 2)
        simulation.link = LinkQuality(lossPercent: 10, latencyMilliseconds: 10, jitterMilliseconds: 3)
        var habits = PublisherHabits()
        habits.paddingPercent = 50
        habits.usesRTX = usesRTX
        simulation.addPublisher(loop: 0, habits: habits)
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 4_000)
        #expect(viewer.tap.lines[viewer.lines[1].ssrc]?.mediaCount ?? 0 > 100)
        if !usesRTX { #expect(viewer.tap.fillerCount > 0) }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }
}
