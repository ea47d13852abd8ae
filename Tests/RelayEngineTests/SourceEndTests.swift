import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import Testing

@Suite("Good-byes, and clocks that are set back")
struct SourceEndTests {
    private static func onAir(seed: UInt64) throws -> (Simulation, SimulatedPublisher, SimulatedViewer) {
        let simulation = try Simulation(seed: seed)
        let publisher = simulation.addPublisher(loop: 0)
        let viewer = simulation.addViewer(loop: 1)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_500)
        return (simulation, publisher, viewer)
    }

    @Test func viewerThatIsRemovedHearsGoodbyeOnEveryLine() throws {
        let (simulation, _, viewer) = try Self.onAir(seed: 11)
        let other = simulation.addViewer(loop: 1)
        simulation.run(milliseconds: 500)
        simulation.loops[1].post([.removePeer(viewer.id)])
        simulation.run(milliseconds: 100)
        #expect(Set(viewer.tap.goodbyes) == Set(viewer.lines.map(\.ssrc)))
        #expect(viewer.tap.goodbyes.count == viewer.lines.count)
        #expect(other.tap.goodbyes.isEmpty)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func publisherThatIsRemovedHearsGoodbye() throws {
        let (simulation, publisher, viewer) = try Self.onAir(seed: 12)
        simulation.loops[0].post([.removePeer(publisher.id)])
        simulation.run(milliseconds: 100)
        #expect(publisher.goodbyeCount == 1)
        #expect(viewer.tap.goodbyes.isEmpty, "the line serves the next stream")
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func publishersGoodbyeIsToldUntilItSendsAgain() throws {
        let (simulation, publisher, viewer) = try Self.onAir(seed: 13)
        #expect(simulation.endedTracks.isEmpty)
        publisher.isMuted = true
        publisher.sayGoodbye()
        simulation.run(milliseconds: 100)
        #expect(simulation.endedTracks == [publisher.video.track, publisher.audio.track])
        publisher.isMuted = false
        let resumed = simulation.now
        simulation.run(milliseconds: 700)
        #expect(simulation.endedTracks.isEmpty)
        let beginning = try #require(viewer.tap.lines[viewer.lines[1].ssrc]?.beginnings.last)
        #expect(beginning.time >= resumed, "what follows a good-bye is another source")
        let last = try #require(viewer.seen.values.max())
        #expect(simulation.now.milliseconds(since: last) < 60)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// A looped file begins again: viewers' timestamps go on, from a keyframe.
    @Test func clockThatIsSetBackIsANewSource() throws {
        let (simulation, publisher, viewer) = try Self.onAir(seed: 14)
        let (audio, video) = (viewer.lines[0].ssrc, viewer.lines[1].ssrc)
        for turn in 1...4 {
            let sound = viewer.tap.lines[audio]?.mediaCount ?? 0
            publisher.setClockBack(seconds: 5)
            let set = simulation.now
            simulation.run(milliseconds: 1_000)
            let line = try #require(viewer.tap.lines[video])
            #expect(line.switchCount == turn + 1)
            let beginning = try #require(line.beginnings.last)
            #expect(beginning.time.milliseconds(since: set) < 200, "a round trip and a frame")
            #expect((viewer.tap.lines[audio]?.mediaCount ?? 0) - sound > 40)
            let last = try #require(viewer.seen.values.max())
            #expect(simulation.now.milliseconds(since: last) < 60)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Lost, late and repeated packets of the stretch before a jump change nothing after it.
    @Test(arguments: 20...29 as ClosedRange<UInt64>) func clockIsSetBackUnderLoss(seed: UInt64) throws {
        let (simulation, publisher, viewer) = try Self.onAir(seed: seed)
        simulation.link.lossPercent = 5
        simulation.link.jitterMilliseconds = 30
        for _ in 0..<6 {
            publisher.setClockBack(seconds: 3)
            simulation.run(milliseconds: 900)
        }
        simulation.link.lossPercent = 0
        simulation.run(milliseconds: 1_500)
        let last = try #require(viewer.seen.values.max())
        #expect(simulation.now.milliseconds(since: last) < 60)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }
}
