import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import Rooms
import Testing

@testable import RelayEngine

/// A loop to which many peers begin their handshakes at once.
private struct Herd: ~Copyable {
    static let start = MonotonicTime(nanoseconds: 1_000_000_000)
    private static let local = SocketAddress(ipv4: 0x0A00_0001, port: 8_189)

    var engine: RelayEngine
    var slab = SendSlab()
    private var hellos: [(bytes: [UInt8], path: ICEPair)] = []

    /// `count` peers that have passed a check, each with the first flight of a real handshake in its hand.
    static func make(count: Int) throws -> Herd {
        let identity = try DTLSIdentity(validFrom: WallClockTime(nanosecondsSince1970: 0))
        var herd = Herd(identity)
        try herd.gather(count, identity)
        return herd
    }

    private init(_ identity: DTLSIdentity) {
        engine = RelayEngine(
            loop: 0,
            identity: identity,
            controlSSRC: 1,
            cname: "relay",
            random: SeededRandom(seed: 4)
        )
    }

    private mutating func gather(_ count: Int, _ identity: DTLSIdentity) throws {
        var random = SeededRandom(seed: 3)
        for number in 0..<count {
            let credentials = ICECredentials.generate(prefix: UfragOwner.prefix(loop: 0), using: &random)
            let parameters = PeerTransportParameters(
                local: credentials,
                remoteUfrag: "peer",
                role: .server,
                remoteFingerprints: []
            )
            let peer = PeerID(UInt64(number))
            engine.apply(.addPeer(peer, parameters, .viewer([])), now: Self.start, into: &slab)
            let path = ICEPair(
                remote: SocketAddress(ipv4: 0x0A00_0002, port: UInt16(10_000 + number)),
                local: Self.local
            )
            var client = ICECheckingClient(
                localUfrag: "peer",
                remote: credentials,
                candidates: [Self.local],
                tieBreaker: 1,
                now: Self.start
            )
            var check = try #require(client.poll(now: Self.start, random: &random)).bytes
            _ = check.withUnsafeMutableBytes { engine.receive($0, on: path, now: Self.start, into: &slab) }
            slab.clear()
            let handshake = DTLSHandshake(role: .client, identity: identity, remoteFingerprints: [])
            handshake.start(now: Self.start)
            hellos.append((try #require(handshake.nextOutgoingDatagram()), path))
        }
    }

    mutating func sendHello(of peer: Int) {
        var hello = hellos[peer].bytes
        let path = hellos[peer].path
        _ = hello.withUnsafeMutableBytes { engine.receive($0, on: path, now: Self.start, into: &slab) }
    }

    /// Answers how many peers were answered since the last call.
    mutating func answered() -> Int {
        var remotes: Set<SocketAddress> = []
        for index in 0..<slab.messageCount { remotes.insert(slab.message(index).remote) }
        slab.clear()
        return remotes.count
    }
}

@Suite("Handshakes beside media")
struct HandshakeTurnTests {
    @Test func aTurnTakesAFewAtOnceAndTheOthersAfterMedia() throws {
        var herd = try Herd.make(count: 10)
        herd.engine.beginTurn()
        for peer in 0..<10 { herd.sendHello(of: peer) }
        let atOnce = herd.answered()
        #expect(atOnce == RelayEngine.handshakesBeforeMedia)
        var later = 0
        while herd.engine.continueHandshake(now: Herd.start, into: &herd.slab) {
            let one = herd.answered()
            #expect(one == 1, "each in its turn")
            later += one
        }
        #expect(later == 10 - atOnce)
        let isLeft = herd.engine.hasWaitingHandshakes
        #expect(!isLeft)
        // The next turn has its own share again.
        herd.engine.beginTurn()
        herd.sendHello(of: 0)
        let waits = herd.engine.hasWaitingHandshakes
        #expect(!waits)
    }

    @Test func whatWaitsIsBoundedForEachPeer() throws {
        var herd = try Herd.make(count: 4)
        herd.engine.beginTurn()
        for _ in 0..<100 {
            for peer in 0..<4 { herd.sendHello(of: peer) }
        }
        let dropped = herd.engine.counters.drops[Int(DropReason.handshakesFull.rawValue)]
        #expect(dropped == 400 - 2 - 4 * UInt64(RelayEngine.waitingHandshakeLimitOfPeer))
        _ = herd.answered()
        while herd.engine.continueHandshake(now: Herd.start, into: &herd.slab) { _ = herd.answered() }
        herd.sendHello(of: 3)
        let now = herd.engine.counters.drops[Int(DropReason.handshakesFull.rawValue)]
        #expect(now == dropped, "who was too many is heard again")
    }

    /// A peer's slot may be another's by the time its datagram's turn has come.
    @Test func whatAPeerLeftBehindIsNotTheNextOnes() throws {
        var herd = try Herd.make(count: 5)
        herd.engine.beginTurn()
        for peer in 0..<5 { herd.sendHello(of: peer) }
        _ = herd.answered()
        herd.engine.apply(.removePeer(PeerID(3)), now: Herd.start, into: &herd.slab)
        herd.slab.clear()
        var answered = 0
        while herd.engine.continueHandshake(now: Herd.start, into: &herd.slab) { answered += herd.answered() }
        #expect(answered == 2)
    }
}
