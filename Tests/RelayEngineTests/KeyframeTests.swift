import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import Testing

@Suite("Joining and keyframes")
struct KeyframeTests {
    @Test func lateJoinerBeginsAtTheNewestKeyframeAndAsksNobody() throws {
        let simulation = try Simulation(seed: 1)
        let publisher = simulation.addPublisher(loop: 0)
        simulation.addViewer(loop: 0)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_200)
        let requests = publisher.keyframeRequests.count
        let keyframes = publisher.keyframeCount
        for loop in 0...1 { simulation.addViewer(loop: loop) }
        simulation.run(milliseconds: 600)
        #expect(publisher.keyframeRequests.count == requests)
        #expect(publisher.keyframeCount == keyframes)
        let track = simulation.track(UInt32(publisher.video.track.rawValue))
        for viewer in simulation.viewers.dropFirst() {
            let line = try #require(viewer.tap.lines[viewer.lines[1].ssrc])
            let beginning = try #require(line.beginnings.first)
            let stored = try #require(track.byMark[beginning.original.mark])
            #expect(beginning.original.keyframe && beginning.original.startsFrame)
            #expect(beginning.time.milliseconds(since: stored.published.time) > 500, "an old one")
            // Caught up: everything since has been sent.
            #expect(line.mediaCount > 25)
            let last = try #require(viewer.seen.values.max())
            #expect(simulation.now.milliseconds(since: last) < 60)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func lateJoinerDoesNotBeginBeforeItsPermit() throws {
        let simulation = try Simulation(seed: 2)
        let publisher = simulation.addPublisher(loop: 0)
        simulation.addViewer(loop: 0)
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_200)
        // Another audience is permitted now; its viewer may not have the keyframe of before.
        simulation.openAll(AudienceID(2))
        let opened = simulation.now
        let viewer = simulation.addViewer(loop: 1, audience: AudienceID(2))
        simulation.run(milliseconds: 1_000)
        let line = try #require(viewer.tap.lines[viewer.lines[1].ssrc])
        let beginning = try #require(line.beginnings.first)
        let track = simulation.track(UInt32(publisher.video.track.rawValue))
        let stored = try #require(track.byMark[beginning.original.mark])
        #expect(stored.published.time > opened)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func manyJoinersAreOneRequest() throws {
        let simulation = try Simulation(seed: 3)
        let publisher = simulation.addPublisher(loop: 0)
        simulation.addViewer(loop: 0)
        simulation.openAll()
        simulation.keepLeases()
        // The keyframe of the beginning is too old to begin with.
        simulation.run(milliseconds: Forwarder.catchUpMilliseconds + 1_000)
        let requests = publisher.keyframeRequests.count
        for number in 0..<20 {
            simulation.addViewer(loop: number % 2)
            simulation.run(milliseconds: 3)
        }
        simulation.run(milliseconds: 1_000)
        #expect(publisher.keyframeRequests.count - requests == 1)
        for viewer in simulation.viewers {
            #expect(viewer.tap.lines[viewer.lines[1].ssrc]?.mediaCount ?? 0 > 20)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Viewers that ask and ask cost the publisher two keyframes a second, whatever they do.
    @Test func requestsAreAtMostTwoASecond() throws {
        let simulation = try Simulation(seed: 4)
        let publisher = simulation.addPublisher(loop: 1)
        for number in 0..<4 { simulation.addViewer(loop: number % 2) }
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        let begun = simulation.now
        for _ in 0..<100 {
            for viewer in simulation.viewers { viewer.sendPLI(viewer.lines[1].ssrc) }
            simulation.run(milliseconds: 30)
        }
        let requests = publisher.keyframeRequests.filter { $0 >= begun }
        #expect((4...7).contains(requests.count), "\(requests.count) in 3 s")
        for (earlier, later) in zip(requests, requests.dropFirst()) {
            #expect(later.milliseconds(since: earlier) >= 490)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func loopsWithoutViewersAreNotWoken() throws {
        let simulation = try Simulation(seed: 5)
        let publisher = simulation.addPublisher(loop: 0)
        let other = simulation.addPublisher(loop: 0)
        let viewer = simulation.addViewer(loop: 1)
        simulation.run(milliseconds: 300)
        #expect(publisher.video.readerLoops == 0b10)
        simulation.subscribe(viewer, mediaIndex: 1, to: other.video)
        simulation.run(milliseconds: 100)
        #expect(publisher.video.readerLoops == 0)
        #expect(other.video.readerLoops == 0b10)
        simulation.loops[1].post([.removePeer(viewer.id)])
        simulation.run(milliseconds: 100)
        for ring in [publisher.video, publisher.audio, other.video, other.audio] {
            #expect(ring.readerLoops == 0)
        }
    }
}
