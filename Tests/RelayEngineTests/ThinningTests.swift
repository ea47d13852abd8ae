import Primitives
import RTPPackets
import Rooms
import Testing

@Suite("Viewers whose path does not carry the stream")
struct ThinningTests {
    /// Down by layers, then to sound alone, then up again: numbers and timestamps go on throughout.
    @Test func thinsThenStopsThenRecovers() throws {
        let simulation = try Simulation(seed: 1)
        var publisherHabits = PublisherHabits()
        publisherHabits.hasTemporalLayers = true
        publisherHabits.filler = 1_000
        publisherHabits.packetsPerFrame = 3...5
        simulation.addPublisher(loop: 0, habits: publisherHabits)
        var habits = ViewerHabits()
        habits.estimate = 5_000_000
        let viewer = simulation.addViewer(loop: 1, habits: habits)
        viewer.tap.mayThin = true
        let other = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        let (audio, video) = (viewer.lines[0].ssrc, viewer.lines[1].ssrc)
        func thinned() -> Int { viewer.tap.lines[video]?.thinnedCount ?? 0 }
        func state() -> MediaLine.State? { simulation.lineStates[viewer.id]?[1] }
        func isToldOf() -> Bool { simulation.thinnedLines[viewer.id]?[1] == true }

        simulation.run(milliseconds: 3_000)
        #expect(thinned() == 0)
        viewer.estimate = 60_000
        var sawThinned = false
        for _ in 0..<80 where state() != .overloaded {
            simulation.run(milliseconds: 100)
            sawThinned = sawThinned || (thinned() > 5 && state() == .live && isToldOf())
        }
        #expect(sawThinned)
        #expect(state() == .overloaded)
        let stopped = simulation.now
        let sound = viewer.tap.lines[audio]?.mediaCount ?? 0
        simulation.run(milliseconds: 1_000)
        let lastVideo = try #require(viewer.tap.lines[video]?.lastMediaAt)
        #expect(lastVideo <= stopped.advanced(byMilliseconds: 5))
        #expect((viewer.tap.lines[audio]?.mediaCount ?? 0) - sound > 40, "sound goes on")
        viewer.estimate = 5_000_000
        for _ in 0..<200 where state() != .live { simulation.run(milliseconds: 100) }
        #expect(state() == .live)
        simulation.run(milliseconds: 6_000)
        let before = thinned()
        simulation.run(milliseconds: 1_000)
        #expect(thinned() == before, "everything is sent again")
        #expect(!isToldOf())
        let all = try #require(other.tap.lines[other.lines[1].ssrc])
        #expect(all.thinnedCount == 0)
        #expect(all.switchCount == 1, "and nobody else noticed")
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// A withheld line of a viewer whose path is poor still shows its slate, and no media on resumption.
    @Test func withholdingComesBeforeThinning() throws {
        let simulation = try Simulation(seed: 2)
        var publisherHabits = PublisherHabits()
        publisherHabits.filler = 1_000
        publisherHabits.packetsPerFrame = 3...5
        simulation.addPublisher(loop: 0, habits: publisherHabits)
        var habits = ViewerHabits()
        habits.estimate = 50_000
        let viewer = simulation.addViewer(loop: 0, habits: habits)
        viewer.tap.mayThin = true
        simulation.openAll()
        simulation.keepLeases()
        for _ in 0..<100 where simulation.lineStates[viewer.id]?[1] != .overloaded {
            simulation.run(milliseconds: 100)
        }
        #expect(simulation.lineStates[viewer.id]?[1] == .overloaded)
        simulation.closeAll()
        simulation.run(milliseconds: 1_200)
        #expect(simulation.lineStates[viewer.id]?[1] == .withheld)
        let slates = viewer.tap.lines[viewer.lines[1].ssrc]?.slateTimes.count ?? 0
        #expect(slates >= 1)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }
}
