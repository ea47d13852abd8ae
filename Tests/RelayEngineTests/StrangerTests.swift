import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import RelayEngine
import Rooms
import Testing

@Suite("What strangers get")
struct StrangerTests {
    private func room(loopCount: Int = 2) throws -> Simulation {
        let simulation = try Simulation(seed: 1, loopCount: loopCount)
        simulation.addPublisher(loop: 0)
        simulation.addViewer(loop: 0)
        simulation.addViewer(loop: loopCount - 1)
        simulation.openAll()
        simulation.keepLeases()
        return simulation
    }

    @Test(arguments: Stranger.Attempt.allCases)
    func nothing(attempt: Stranger.Attempt) throws {
        let simulation = try room()
        let stranger = Stranger(simulation: simulation)
        for _ in 0..<200 {
            simulation.run(milliseconds: 5)
            stranger.attempt(attempt)
        }
        simulation.run(milliseconds: 500)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
        #expect(simulation.bytesOut[stranger.address] == nil)
        #expect(simulation.loops.reduce(0) { $0 + $1.engine.peerCount } == 3, "and no peer came of it")
        for viewer in simulation.viewers {
            for line in viewer.tap.lines.values {
                #expect(line.mediaCount > 25, "and nobody was disturbed")
            }
        }
    }

    /// A check is answered by fewer bytes than it had, and nothing else is sent to who only checks.
    @Test func whoOnlyChecksGetsNoMoreThanItSent() throws {
        let simulation = try Simulation(seed: 2)
        simulation.addPublisher(loop: 0)
        let viewer = simulation.addViewer(loop: 1)
        viewer.startsHandshake = false
        simulation.openAll()
        simulation.run(milliseconds: 20_000)
        let bytesIn = try #require(simulation.bytesIn[viewer.address])
        let bytesOut = try #require(simulation.bytesOut[viewer.address])
        #expect(bytesOut <= bytesIn)
        #expect(bytesOut > 0)
    }

    @Test func pathThatIsNotCheckedFor30SecondsGetsNothingMore() throws {
        let simulation = try room()
        simulation.run(milliseconds: 1_000)
        let viewer = simulation.viewers[0]
        viewer.sendsChecks = false
        let lastCheck = simulation.now
        simulation.run(milliseconds: 31_000)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
        let last = try #require(viewer.tap.lastDatagramAt)
        #expect(last.milliseconds(since: lastCheck) > 25_000, "as long as it was live")
        // A timer's step, and what was under way.
        #expect(last.milliseconds(since: lastCheck) <= ICELiteAgent.livenessMilliseconds + 20)
        #expect(simulation.endings[viewer.id] == .pathLost)
        #expect(simulation.endings.count == 1)
        let other = try #require(simulation.viewers[1].tap.lastDatagramAt)
        #expect(simulation.now.milliseconds(since: other) < 100)
    }

    /// An address that was checked once is nobody's after 30 s, though its peer lives on elsewhere.
    @Test func pathThatWasCheckedLongAgoIsAStrangers() throws {
        let simulation = try Simulation(seed: 1, loopCount: 1)
        simulation.addPublisher(loop: 0)
        let viewer = simulation.addViewer(loop: 0)
        simulation.strangerReceives = { _, _ in }
        simulation.run(milliseconds: 1_000)
        let elsewhere = SocketAddress(ipv4: 0xCB00_7105, port: 50_000)
        check(viewer, from: elsewhere, nominates: false)
        func wish() -> (wishes: UInt64, strangers: UInt64) {
            simulation.link.lossPercent = 100
            viewer.sendPLI(viewer.lines[1].ssrc)
            simulation.link.lossPercent = 0
            if let wish = viewer.overheard.last { simulation.deliverToRelay(wish, from: elsewhere) }
            simulation.run(milliseconds: 5)
            let counters = simulation.loops[0].engine.counters
            return (
                counters.keyframeRequestsReceived, counters.drops[Int(DropReason.stranger.rawValue)]
            )
        }
        simulation.run(milliseconds: 29_900)
        let live = wish()
        #expect(live == (1, 0))
        simulation.run(milliseconds: 100)
        let dead = wish()
        #expect(dead == (1, 1))
    }

    /// Sends a check for `viewer` from another address, as a client does that has changed networks.
    private func check(_ viewer: SimulatedViewer, from address: SocketAddress, nominates: Bool) {
        let simulation = viewer.simulation
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(using: &simulation.random))
        writer.addUsername(Array("\(viewer.remote.ufrag):\(viewer.local.ufrag)".utf8))
        writer.addICEControlling(tieBreaker: 1)
        if nominates { writer.addUseCandidate() }
        writer.addMessageIntegrity(password: viewer.remote.password.utf8)
        writer.addFingerprint()
        simulation.deliverToRelay(writer.bytes, from: address)
    }

    @Test func mediaMovesOnlyByANominatedCheck() throws {
        let simulation = try room()
        let elsewhere = SocketAddress(ipv4: 0xCB00_7105, port: 50_000)
        var media = 0
        var answers = 0
        simulation.strangerReceives = { address, datagram in
            if address == elsewhere, datagram[0] >= 128 { media += 1 }
            if address == elsewhere, datagram[0] < 4 { answers += 1 }
        }
        simulation.run(milliseconds: 1_000)
        let viewer = simulation.viewers[0]
        for datagram in viewer.overheard.suffix(5) { simulation.deliverToRelay(datagram, from: elsewhere) }
        simulation.run(milliseconds: 300)
        #expect(media == 0, "not by media of its own")
        check(viewer, from: elsewhere, nominates: false)
        simulation.run(milliseconds: 300)
        #expect(media == 0, "not by a check that does not nominate")
        #expect(answers == 1)
        check(viewer, from: elsewhere, nominates: true)
        simulation.run(milliseconds: 300)
        #expect(media > 10)
        let old = try #require(viewer.tap.lastDatagramAt)
        #expect(simulation.now.milliseconds(since: old) > 250, "and then the old address has none")
    }

    @Test func noiseFromItsAddressDoesNotStarveAPublisher() throws {
        let simulation = try room()
        simulation.run(milliseconds: 1_000)
        let publisher = simulation.publishers[0]
        let before = simulation.viewers[0].tap.lines.values.reduce(0) { $0 + $1.mediaCount }
        for _ in 0..<1_000 {
            for _ in 0..<12 {
                var noise = (0..<60).map { UInt8(truncatingIfNeeded: $0) }
                noise[0] = 0x80
                simulation.deliverToRelay(noise, from: publisher.address)
            }
            simulation.run(milliseconds: 1)
        }
        let after = simulation.viewers[0].tap.lines.values.reduce(0) { $0 + $1.mediaCount }
        #expect(after - before > 90)
        #expect(simulation.violations.isEmpty, "\(simulation.violations)")
    }

    /// A peer that checks from many addresses, another's among them, takes away neither the other's nor its
    /// own.
    @Test func addressesAreForgottenByTheirOwnerOnly() throws {
        let simulation = try room(loopCount: 1)
        simulation.strangerReceives = { _, _ in }
        simulation.run(milliseconds: 1_000)
        let (victim, other) = (simulation.viewers[0], simulation.viewers[1])
        check(other, from: victim.address, nominates: false)
        check(victim, from: victim.address, nominates: true)
        for number in 0..<40 {
            check(other, from: SocketAddress(ipv4: 0xCB00_7200 + UInt32(number), port: 9), nominates: false)
            simulation.run(milliseconds: 20)
            victim.sendPLI(victim.lines[1].ssrc)
            other.sendPLI(other.lines[1].ssrc)
        }
        for loop in simulation.loops {
            #expect(loop.engine.counters.drops[Int(DropReason.stranger.rawValue)] == 0)
            #expect(loop.engine.counters.drops[Int(DropReason.authenticationFailed.rawValue)] == 0)
        }
        for viewer in [victim, other] {
            let last = try #require(viewer.tap.lastDatagramAt)
            #expect(simulation.now.milliseconds(since: last) < 100)
        }
    }
}
