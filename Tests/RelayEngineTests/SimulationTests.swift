import Primitives
import Rooms
import Testing

@Suite("The engine in simulation")
struct SimulationTests {
    /// Seeds of one of the parts that run side by side; each is some seconds of a room's life.
    private static let seedsPerPart: UInt64 = 50

    @Test func picturesReachViewersOnBothLoops() throws {
        let simulation = try Simulation(seed: 1)
        let publisher = simulation.addPublisher(loop: 0)
        for loop in 0...1 { simulation.addViewer(loop: loop) }
        simulation.openAll()
        simulation.keepLeases()
        simulation.run(milliseconds: 3_000)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
        #expect(publisher.isEstablished)
        for viewer in simulation.viewers {
            #expect(viewer.isEstablished)
            for line in viewer.lines { #expect(viewer.tap.lines[line.ssrc]?.mediaCount ?? 0 > 50) }
            // The publisher's loop wakes the other at once, and does not leave it to its timer.
            let latencies = viewer.tap.firstSent.compactMap { mark, sent in
                simulation.track(mark.track).byMark[mark].map {
                    sent.time.nanoseconds(since: $0.published.time) / 1_000
                }
            }
            let usual = latencies.sorted().dropLast(latencies.count / 10).last
            #expect(try #require(usual) < 1_500, "microseconds")
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func holdsItsPromisesWhateverHappens(part: UInt64) throws {
        var totals = RandomRoom.Totals()
        for seed in (part * Self.seedsPerPart)..<((part + 1) * Self.seedsPerPart) {
            let room = try RandomRoom(seed: seed)
            room.run()
            if let violation = room.simulation.violations.first {
                Issue.record("\(violation)")
                return
            }
            totals.add(room)
        }
        // The runs went where they should.
        #expect(totals.media > 20_000, "\(totals)")
        #expect(totals.slates > 2_000, "\(totals)")
        #expect(totals.retransmissions > 300, "\(totals)")
        #expect(totals.acknowledgements > 100, "\(totals)")
        #expect(totals.switches > 300, "\(totals)")
        #expect(totals.intervals > 500, "\(totals)")
        #expect(totals.refusals > 100, "\(totals)")
        #expect(totals.congestionDrops > 100, "\(totals)")
        #expect(totals.failedWrites > 10, "\(totals)")
        #expect(totals.leaseDrops + totals.lapses > 5, "\(totals)")
    }
}
