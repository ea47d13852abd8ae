import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import RelayEngine
import Rooms
import Testing

@Suite("Servers that the relay connects to")
struct OutboundTests {
    /// A publisher, a viewer and a server, with every gate open.
    private struct Stage {
        let simulation: Simulation
        let viewer: SimulatedViewer
        let server: SimulatedServer
        /// The loop of the server.
        var loop: SimulatedLoop { simulation.loops[server.loop] }

        init(seed: UInt64 = 1, _ habits: ServerHabits = ServerHabits()) throws {
            simulation = try Simulation(seed: seed)
            simulation.addPublisher(loop: 0)
            viewer = simulation.addViewer(loop: 1)
            server = simulation.addServer(loop: 1, server: habits)
            simulation.openAll()
            simulation.keepLeases()
        }

        func mediaCounts() -> [Int] {
            server.lines.map { server.tap.lines[$0.ssrc]?.mediaCount ?? 0 }
        }

        func drops(_ reason: DropReason) -> UInt64 { loop.engine.counters.drops[Int(reason.rawValue)] }

        func expectNoViolations() {
            #expect(simulation.violations.isEmpty, "\(simulation.violations)")
        }

        func expectMedia() {
            expectNoViolations()
            #expect(server.isEstablished)
            #expect(simulation.endings[server.id] == nil)
            #expect(mediaCounts().allSatisfy { $0 > 25 }, "\(mediaCounts())")
        }
    }

    /// The wiretap on the server's link compares each packet with the gate's history.
    @Test(arguments: [DTLSRole.server, .client], [false, true])
    func getMediaWhileTheGateIsOpen(role: DTLSRole, checksToo: Bool) throws {
        let stage = try Stage(ServerHabits(checksToo: checksToo, role: role))
        stage.simulation.run(milliseconds: 2_000)
        stage.expectMedia()
        stage.simulation.closeAll()
        stage.simulation.run(milliseconds: 50)
        let before = stage.mediaCounts()
        stage.simulation.run(milliseconds: 1_000)
        stage.expectNoViolations()
        #expect(stage.mediaCounts() == before)
        #expect(stage.server.isEstablished)
        #expect(stage.simulation.endings.isEmpty)
        if checksToo {
            #expect(stage.server.successes > 10)
            #expect(stage.server.refusals.isEmpty)
        }
    }

    @Test(arguments: 0..<6)
    func areReachedOverABadLink(seed: UInt64) throws {
        let habits = ServerHabits(
            checksToo: seed % 2 == 0,
            deadCandidates: Int(seed % 3),
            role: seed % 4 < 2 ? .server : .client
        )
        let stage = try Stage(seed: seed, habits)
        stage.simulation.link.lossPercent = 8
        stage.simulation.link.duplicatePercent = 5
        stage.simulation.link.jitterMilliseconds = 20
        stage.simulation.stallPercent = 1
        stage.simulation.run(milliseconds: 8_000)
        stage.expectMedia()
    }

    @Test func areFoundBehindAddressesThatAreDead() throws {
        let stage = try Stage(ServerHabits(deadCandidates: 4))
        stage.simulation.run(milliseconds: 2_000)
        stage.expectMedia()
    }

    /// We made the offer and control: who claims that too is told to yield, and its nominations move nothing.
    @Test func doNotTakeOverControl() throws {
        let stage = try Stage(ServerHabits(checksToo: true, claimsControl: true))
        stage.simulation.run(milliseconds: 2_000)
        stage.expectMedia()
        #expect(stage.server.successes == 0)
        #expect(stage.server.refusals.count > 10)
        #expect(stage.server.refusals.allSatisfy { $0 == 487 })
    }

    /// Its own checks prove that it reaches us, not that it wants what we send there.
    @Test(arguments: [false, true])
    func getNothingButChecksUntilTheyAnswerOne(checksToo: Bool) throws {
        let stage = try Stage(ServerHabits(checksToo: checksToo, answersChecks: false, role: .client))
        stage.server.startsHandshake = true
        stage.simulation.run(milliseconds: 29_000)
        #expect(stage.simulation.endings.isEmpty)
        #expect(stage.server.received > 10)
        #expect(stage.server.receivedBeyondChecks == 0)
        stage.simulation.run(milliseconds: 1_100)
        #expect(stage.simulation.endings == [stage.server.id: .pathLost])
        stage.simulation.run(milliseconds: 100)
        let received = stage.server.received
        stage.simulation.run(milliseconds: 12_000)
        #expect(stage.server.received == received)
        #expect(stage.loop.engine.peerCount == 1, "only the viewer")
        stage.expectNoViolations()
    }

    /// Checks and reports of its own do not stand for answers.
    @Test func areLostWhenTheyAnswerNoMore() throws {
        let stage = try Stage(ServerHabits(checksToo: true))
        stage.simulation.run(milliseconds: 2_000)
        stage.server.server.answersChecks = false
        let silentSince = stage.simulation.now
        stage.simulation.run(milliseconds: 27_000)
        #expect(stage.simulation.endings.isEmpty)
        stage.simulation.run(milliseconds: 4_000)
        #expect(stage.simulation.endings == [stage.server.id: .pathLost])
        let last = try #require(stage.server.tap.lastDatagramAt)
        #expect(last.milliseconds(since: silentSince) <= ICELiteAgent.livenessMilliseconds + 20)
        #expect(last.milliseconds(since: silentSince) > 25_000)
        let bytesOut = stage.simulation.bytesOut[stage.server.address]
        stage.simulation.run(milliseconds: 2_000)
        #expect(stage.simulation.bytesOut[stage.server.address] == bytesOut)
        stage.expectNoViolations()
    }

    @Test func nobodyElseIsReachableByTheirPort() throws {
        let stage = try Stage()
        let (simulation, server, viewer) = (stage.simulation, stage.server, stage.viewer)
        simulation.run(milliseconds: 1_000)
        let stranger = SocketAddress(ipv4: 0xCB00_7101, port: 40_000)
        let (badSTUN, strangers) = (stage.drops(.badSTUN), stage.drops(.stranger))
        // The viewer's own check, and what it sends, by the server's port.
        simulation.deliverToOutboundPort(server.port, viewerCheck(viewer), from: viewer.address)
        simulation.deliverToOutboundPort(server.port, viewerCheck(viewer), from: stranger)
        for datagram in viewer.overheard.suffix(2) {
            simulation.deliverToOutboundPort(server.port, datagram, from: viewer.address)
        }
        // What the server sends, from elsewhere, and its last answer once more from everywhere.
        let report = try #require(server.overheard.last)
        let answer = try #require(server.answers.last)
        simulation.deliverToOutboundPort(server.port, report, from: stranger)
        simulation.deliverToOutboundPort(server.port, answer, from: stranger)
        simulation.deliverToOutboundPort(server.port, answer, from: server.address)
        simulation.deliverToOutboundPort(server.port, server.check(password: "no"), from: server.address)
        // By a port that nobody has.
        stage.loop.receive(
            answer,
            ICEPair(remote: server.address, local: Simulation.relayAddress.with(port: server.port + 1)),
            handedOverBy: nil,
            isOutbound: true
        )
        simulation.run(milliseconds: 5)
        #expect(stage.drops(.badSTUN) - badSTUN == 5)
        #expect(stage.drops(.stranger) - strangers == 4)
        simulation.run(milliseconds: 1_000)
        #expect(simulation.bytesOut[stranger] == nil)
        stage.expectMedia()
    }

    @Test func areNotReachableByTheSharedPort() throws {
        let stage = try Stage(ServerHabits(checksToo: true))
        let (simulation, server) = (stage.simulation, stage.server)
        simulation.run(milliseconds: 1_000)
        func drops() -> UInt64 {
            simulation.loops.reduce(0) { sum, loop in
                let drops = loop.engine.counters.drops
                return sum + drops[Int(DropReason.badSTUN.rawValue)]
                    + drops[Int(DropReason.stranger.rawValue)]
            }
        }
        let before = drops()
        let report = try #require(server.overheard.last)
        let answer = try #require(server.answers.last)
        for datagram in [server.check(), report, answer] {
            simulation.deliverToRelay(datagram, from: server.address)
        }
        simulation.run(milliseconds: 5)
        #expect(drops() - before == 3)
        stage.expectMedia()
    }

    @Test func endWithTheirSocketAndComeBackByAnother() throws {
        let stage = try Stage()
        let (simulation, server) = (stage.simulation, stage.server)
        simulation.run(milliseconds: 1_000)
        stage.loop.engine.loseOutboundSocket(server.port, now: simulation.now)
        let bytesOut = simulation.bytesOut[server.address]
        simulation.run(milliseconds: 500)
        #expect(simulation.endings == [server.id: .pathLost])
        #expect(simulation.bytesOut[server.address] == bytesOut)
        server.isDead = true
        // The number may be used again at once, while the one that ended waits to be removed.
        simulation.viewers.removeAll { $0 === server }
        let next = simulation.addServer(loop: server.loop, port: server.port)
        simulation.run(milliseconds: 1_000)
        #expect(next.isEstablished)
        #expect(next.receivedBeyondChecks > 25)
        simulation.run(milliseconds: 11_000)
        let received = next.received
        simulation.run(milliseconds: 500)
        #expect(next.received > received, "and the first one's removal took nothing of it")
        stage.expectNoViolations()
    }

    @Test func onePortIsOnePeers() throws {
        let stage = try Stage()
        let second = stage.simulation.addServer(loop: stage.server.loop, port: stage.server.port)
        stage.simulation.run(milliseconds: 2_000)
        #expect(stage.simulation.endings == [second.id: .refused])
        stage.expectMedia()
    }

    private func viewerCheck(_ viewer: SimulatedViewer) -> [UInt8] {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(high: 1, low: 2))
        writer.addUsername(Array("\(viewer.remote.ufrag):\(viewer.local.ufrag)".utf8))
        writer.addICEControlling(tieBreaker: 1)
        writer.addUseCandidate()
        writer.addMessageIntegrity(password: viewer.remote.password.utf8)
        writer.addFingerprint()
        return writer.bytes
    }
}
