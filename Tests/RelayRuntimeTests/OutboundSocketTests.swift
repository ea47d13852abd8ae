import DTLSHandshakes
import Disclosures
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import Testing

@testable import RelayRuntime

/// Real sockets, real handshakes: one relay pushes to another on loopback.
@Suite("Sockets of outbound peers", .serialized)
struct OutboundSocketTests {
    @Test(arguments: [DTLSRole.client, .server])
    func carryMediaToAnotherRelay(role: DTLSRole) async throws {
        let pair = try RelayPair()
        let push = try pair.push(role: role)
        #expect(try await push.flows(50))
        #expect(pair.nearLog.isConnected(push.peer))
        #expect(pair.farLog.isConnected(push.peer))
        let started = pair.farLog.contains { event in
            if case .trackStarted(push.peer, push.source.track, .opus) = event { true } else { false }
        }
        #expect(started)
        await pair.stop()
    }

    @Test(.enabled(if: RelayPair.hasIPv6)) func carryMediaOverIPv6() async throws {
        let pair = try RelayPair(isIPv6: true)
        let push = try pair.push()
        #expect(try await push.flows(20))
        await pair.stop()
    }

    /// One address and port of the destination, told apart by our port alone.
    @Test func keepTwoPushesToOneDestinationApart() async throws {
        let pair = try RelayPair()
        let (first, second) = (try pair.push(), try pair.push())
        #expect(first.port != second.port)
        #expect(try await eventually { pair.nearLog.isConnected(second.peer) })
        #expect(try await first.flows(20))
        #expect(second.arrived == 0)
        #expect(try await second.flows(20))

        first.gate.close()
        #expect(await pair.near.gracePeriod() == 0)
        let before = first.source.head
        for _ in 0..<20 { first.publish() }
        #expect(try await second.flows(20))
        // What was sent before the gate closed is under way for as long as the other's packets are.
        let arrived = first.arrived
        #expect(arrived <= before)
        for _ in 0..<20 { first.publish() }
        #expect(try await second.flows(20))
        #expect(first.arrived == arrived)

        pair.near.closeOutboundSocket(port: first.port, on: 0)
        #expect(try await eventually { pair.nearLog.end(of: first.peer) == .pathLost })
        #expect(!LoopStall.portIsTaken(first.port))
        #expect(try await second.flows(20))
        #expect(pair.nearLog.end(of: second.peer) == nil)
        await pair.stop()
    }

    /// A peer that was removed says good-bye by its socket before that is closed.
    @Test func carryTheGoodbyeBeforeTheyClose() async throws {
        let pair = try RelayPair()
        let push = try pair.push()
        #expect(try await push.flows(10))
        #expect(pair.near.post([.removePeer(push.peer)], to: 0))
        pair.near.closeOutboundSocket(port: push.port, on: 0)
        #expect(
            try await eventually {
                pair.farLog.contains { event in
                    if case .trackStopped(push.peer, push.source.track) = event { true } else { false }
                }
            }
        )
        #expect(try await eventually { !LoopStall.portIsTaken(push.port) })
        #expect(pair.nearLog.end(of: push.peer) == nil)
        await pair.stop()
    }

    /// The withdrawal is acknowledged then: nothing may leave by them, and nothing does later.
    @Test func areTakenAwayFromALoopThatIsCutOffAndDoNotComeBack() async throws {
        let stall = LoopStall()
        let pair = try RelayPair(stall: stall)
        let push = try pair.push()
        #expect(try await push.flows(10))
        await stall.begin(in: pair.near)
        #expect(LoopStall.portIsTaken(push.port))
        #expect(await pair.near.gracePeriod() == 1)
        #expect(!LoopStall.portIsTaken(push.port), "the socket is gone while the loop still stands")
        #expect(throws: DataPlaneError.self, "and it gets no other one meanwhile") {
            try pair.near.openOutboundSocket(on: 0)
        }
        let arrived = push.arrived
        for _ in 0..<20 { push.publish() }
        stall.end()
        #expect(try await eventually { pair.nearLog.end(of: push.peer) == .pathLost })

        let next = try pair.push()
        #expect(try await next.flows(20))
        for _ in 0..<20 { push.publish() }
        #expect(try await next.flows(20))
        #expect(push.arrived == arrived)
        #expect(!LoopStall.portIsTaken(push.port))
        #expect(await pair.near.gracePeriod() == 0)
        await pair.stop()
    }

    /// It was read before the cut, and a withdrawal may have been acknowledged since.
    @Test func whatALoopHeldWhenItWasCutOffLeavesByNoOtherSocket() throws {
        let loopback = SocketAddress(ipv4: 0x7F00_0001, port: 0)
        let loop = try MediaLoop(
            number: 0,
            bind: loopback,
            reusesPort: false,
            graceRequests: GraceRequests(),
            onEvents: { _, _ in }
        )
        var engine = RelayEngine(
            loop: 0,
            identity: try DTLSIdentity(validFrom: SystemClock.wall),
            controlSSRC: 1,
            cname: "test",
            random: SeededRandom(seed: 1)
        )
        var slab = SendSlab()
        let port = try loop.openOutbound()
        loop.adoptOutbound(port)
        slab.append([1, 2, 3], to: loopback.with(port: 9), from: loopback.with(port: loop.port))
        loop.recover(&engine, &slab)
        let isHeld = !slab.isEmpty
        #expect(isHeld, "nothing was taken away yet")
        #expect(loop.outbound[port] != nil)

        #expect(loop.cutOff())
        loop.recover(&engine, &slab)
        let isDiscarded = slab.isEmpty
        #expect(isDiscarded)
        #expect(loop.outbound.isEmpty)
        #expect(LoopStall.portIsTaken(loop.port))
        #expect(!LoopStall.portIsTaken(port))
        // A port that was told before the cut and is taken up only now is not there any more.
        loop.adoptOutbound(port)
        #expect(loop.outbound.isEmpty)
    }

    @Test func areBoundedInNumber() async throws {
        let pair = try RelayPair()
        var ports: Set<UInt16> = []
        for _ in 0..<OutboundSockets.limit { ports.insert(try pair.near.openOutboundSocket(on: 0)) }
        #expect(ports.count == OutboundSockets.limit)
        #expect(throws: DataPlaneError.self) { try pair.near.openOutboundSocket(on: 0) }
        let port = try #require(ports.first)
        pair.near.closeOutboundSocket(port: port, on: 0)
        pair.near.closeOutboundSocket(port: port, on: 0)
        pair.near.closeOutboundSocket(port: 9, on: 0)
        #expect(try await eventually { !LoopStall.portIsTaken(port) })
        #expect(try await eventually { (try? pair.near.openOutboundSocket(on: 0)) != nil })
        await pair.stop()
    }
}
