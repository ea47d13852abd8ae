import Disclosures
import MediaRings
import Primitives
import Rooms
import Testing

@Suite("The recorder in simulation")
struct RecorderTests {
    /// Seeds of one of the parts that run side by side.
    private static let seedsPerPart: UInt64 = 40

    @Test func whatIsPermittedIsCapturedWholeAndAccountedFor() throws {
        let simulation = try Simulation(seed: 1)
        let publisher = simulation.addPublisher(loop: 0)
        let recorder = simulation.addRecorder()
        simulation.openAll(SimulatedRecorder.audience)
        simulation.keepLeases()
        simulation.run(milliseconds: 5_000)
        let published = publisher.video.head + publisher.audio.head
        #expect(recorder.counters.packets > published * 9 / 10)
        #expect(recorder.media.stretches.count == 2)
        simulation.closeAll(SimulatedRecorder.audience)
        simulation.run(milliseconds: 500)
        recorder.media.check()
        simulation.ledger.check(isOver: true)
        #expect(simulation.ledger.entries(.closed).map(\.packets).reduce(0, +) == recorder.counters.packets)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// By it sound and picture are brought together, however each was delayed on its way.
    @Test func captureTimesAreByThePublishersClockOnceItHasReported() throws {
        let simulation = try Simulation(seed: 7)
        simulation.addPublisher(loop: 0)
        let recorder = simulation.addRecorder()
        simulation.openAll(SimulatedRecorder.audience)
        simulation.keepLeases()
        simulation.run(milliseconds: 3_000)
        #expect(recorder.media.stretches.count == 2)
        for stretch in recorder.media.stretches {
            let ages = stretch.packets.dropFirst(stretch.packets.count / 2).map(\.age)
            #expect(ages.count > 20)
            let latency = simulation.link.latencyMilliseconds
            #expect(ages.allSatisfy { $0.map { ($0 - latency).magnitude <= 1 } == true }, "\(ages)")
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func nobodyIsCapturedWithoutAGrant() throws {
        let simulation = try Simulation(seed: 2)
        simulation.addPublisher(loop: 0)
        simulation.addViewer(loop: 0)
        let recorder = simulation.addRecorder()
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 3_000)
        #expect(recorder.counters.packets == 0 && recorder.media.stretches.isEmpty)
        #expect(recorder.counters.passesDenied > 100)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func theLastPacketWrittenPrecedesTheAcknowledgement() throws {
        let simulation = try Simulation(seed: 3)
        let publisher = simulation.addPublisher(loop: 0)
        let recorder = simulation.addRecorder()
        simulation.keepLeases()
        recorder.media.delayWrites(30_000...60_000)
        for _ in 0..<20 {
            simulation.openAll(SimulatedRecorder.audience)
            simulation.run(milliseconds: 400)
            let before = recorder.counters.packets
            #expect(before > 0)
            simulation.closeAll(SimulatedRecorder.audience)
            simulation.run(milliseconds: 400)
            let gate = simulation.gate(publisher.video, SimulatedRecorder.audience)
            let last = try #require(gate.acknowledgements.last)
            #expect(last.acknowledged.milliseconds(since: last.closed) >= 20, "it waits for the disk")
            let written = recorder.media.written.values.map(\.time).max()
            #expect(try #require(written) <= last.acknowledged)
        }
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// Others go on being recorded, with a second of media that is not written yet.
    @Test func aWithdrawalDoesNotWaitForWhatOthersStillAllow() throws {
        let simulation = try Simulation(seed: 4)
        let publisher = simulation.addPublisher(loop: 0)
        simulation.addPublisher(loop: 1)
        simulation.addRecorder()
        simulation.openAll(SimulatedRecorder.audience)
        simulation.keepLeases()
        simulation.run(milliseconds: 2_300)
        simulation.close(publisher.video, SimulatedRecorder.audience)
        simulation.run(milliseconds: 200)
        let gate = simulation.gate(publisher.video, SimulatedRecorder.audience)
        let last = try #require(gate.acknowledgements.last)
        #expect(last.acknowledged.milliseconds(since: last.closed) < 60)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func aStalledAuthorityEndsTheRecording() throws {
        let simulation = try Simulation(seed: 5)
        simulation.addPublisher(loop: 0)
        let recorder = simulation.addRecorder()
        simulation.openAll(SimulatedRecorder.audience)
        simulation.run(milliseconds: SimulatedGate.leaseMilliseconds + 100)
        let captured = recorder.counters.packets
        #expect(captured > 50)
        simulation.run(milliseconds: 3_000)
        #expect(recorder.counters.packets == captured)
        #expect(recorder.media.stretches.allSatisfy { $0.end == .withheld })
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test func aRecorderThatStandsForTooLongHasAGap() throws {
        let simulation = try Simulation(seed: 6)
        let publisher = simulation.addPublisher(
            loop: 0,
            habits: PublisherHabits(frameMilliseconds: 10, packetsPerFrame: 8...9)
        )
        let recorder = simulation.addRecorder()
        simulation.openAll(SimulatedRecorder.audience)
        simulation.keepLeases()
        simulation.run(milliseconds: 1_000)
        recorder.stallUntil = simulation.now.advanced(byMilliseconds: 1_500)
        simulation.run(milliseconds: 3_000)
        #expect(recorder.counters.overtaken == 1)
        let ends = recorder.media.stretches.filter { $0.track == UInt32(publisher.video.track.rawValue) }
        #expect(ends.map(\.end) == [.overtaken, nil])
        let beginning = try #require(ends.last?.packets.first)
        #expect(simulation.original(beginning.mark)?.keyframe == true)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func holdsItsPromisesWhateverHappens(part: UInt64) throws {
        var totals = RandomRoom.Totals()
        for seed in (part * Self.seedsPerPart)..<((part + 1) * Self.seedsPerPart) {
            let room = try RandomRoom(seed: seed, isRecorded: true)
            room.run()
            if let violation = room.simulation.violations.first {
                Issue.record("\(violation)")
                return
            }
            totals.add(room)
        }
        #expect(totals.captured > 5_000, "\(totals)")
        #expect(totals.stretches > 100, "\(totals)")
        #expect(totals.acknowledgements > 100, "\(totals)")
        #expect(totals.lapses > 5, "\(totals)")
        #expect(totals.failedWrites > 10, "\(totals)")
    }
}
