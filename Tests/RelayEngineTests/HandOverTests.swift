import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import Rooms
import Testing

@testable import RelayEngine

/// Two loops, a peer of loop 1, and a kernel that delivers the peer's datagrams to loop 0.
private struct TwoLoops: ~Copyable {
    var receiver: RelayEngine
    var owner: RelayEngine
    var slab = SendSlab()
    let path = ICEPair(
        remote: SocketAddress(ipv4: 0x0A00_0001, port: 40_000),
        local: SocketAddress(ipv4: 0x0A00_0002, port: 8_189)
    )
    private var client: ICECheckingClient
    private var random = SeededRandom(seed: 7)

    init(password: String? = nil) throws {
        let identity = try DTLSIdentity(validFrom: WallClockTime(nanosecondsSince1970: 0))
        receiver = Self.engine(loop: 0, identity)
        owner = Self.engine(loop: 1, identity)
        let credentials = ICECredentials.generate(prefix: UfragOwner.prefix(loop: 1), using: &random)
        let parameters = PeerTransportParameters(
            local: credentials,
            remoteUfrag: "peer",
            role: .server,
            remoteFingerprints: []
        )
        client = ICECheckingClient(
            localUfrag: "peer",
            remote: ICECredentials(ufrag: credentials.ufrag, password: password ?? credentials.password),
            candidates: [path.local],
            tieBreaker: 1,
            now: TwoLoops.start
        )
        owner.apply(.addPeer(PeerID(1), parameters, .viewer([])), now: TwoLoops.start, into: &slab)
    }

    private static func engine(loop: Int, _ identity: DTLSIdentity) -> RelayEngine {
        RelayEngine(
            loop: loop,
            identity: identity,
            controlSSRC: UInt32(loop) + 1,
            cname: "relay",
            random: SeededRandom(seed: UInt64(loop))
        )
    }

    static let start = MonotonicTime(nanoseconds: 1_000_000_000)

    /// One check by way of the wrong loop; answers the paths that the owner wants announced.
    mutating func check(now: MonotonicTime) throws -> [(path: ICEPair, receivingLoop: Int)] {
        let due = client.poll(now: now, random: &random)
        var check = try #require(due).bytes
        let arrival = arrives(&check, now: now)
        #expect(arrival == .foreign(loop: 1))
        _ = check.withUnsafeMutableBytes {
            owner.receive($0, on: path, handedOverBy: 0, now: now, into: &slab)
        }
        return owner.takePathsToAnnounce()
    }

    mutating func arrives(_ datagram: inout [UInt8], now: MonotonicTime) -> ReceiveOutcome {
        datagram.withUnsafeMutableBytes { receiver.receive($0, on: path, now: now, into: &slab) }
    }
}

@Suite struct HandOverTests {
    private static let handshakeRecord: [UInt8] = [22, 0xFE, 0xFD] + [UInt8](repeating: 0, count: 20)

    @Test func handsOverWhatFollowsACheckThatTheOwnerTook() throws {
        var loops = try TwoLoops()
        var record = Self.handshakeRecord
        let before = loops.arrives(&record, now: TwoLoops.start)
        #expect(before == .taken)
        let announcements = try loops.check(now: TwoLoops.start)
        #expect(announcements.count == 1)
        let announcement = try #require(announcements.first)
        #expect(announcement.receivingLoop == 0)
        loops.receiver.apply(
            .announcePath(announcement.path, owner: 1),
            now: TwoLoops.start,
            into: &loops.slab
        )
        let after = loops.arrives(&record, now: TwoLoops.start)
        #expect(after == .foreign(loop: 1))
        // Handed over once is not handed back, whoever believes what.
        let outcome = record.withUnsafeMutableBytes {
            loops.receiver.receive(
                $0,
                on: loops.path,
                handedOverBy: 1,
                now: TwoLoops.start,
                into: &loops.slab
            )
        }
        #expect(outcome == .taken)
    }

    @Test func announcesNothingForACheckWithoutThePassword() throws {
        var loops = try TwoLoops(password: "not the password of that peer")
        let announcements = try loops.check(now: TwoLoops.start)
        #expect(announcements.isEmpty)
        let isSilent = loops.slab.isEmpty
        #expect(isSilent)
    }

    @Test func forgetsPathsThatTheirOwnerIsSilentAbout() throws {
        var loops = try TwoLoops()
        loops.receiver.apply(.announcePath(loops.path, owner: 1), now: TwoLoops.start, into: &loops.slab)
        var record = Self.handshakeRecord
        let late = TwoLoops.start.advanced(byMilliseconds: ForeignPaths.lifetimeMilliseconds)
        let inTime = loops.arrives(&record, now: late.advanced(byMilliseconds: -1))
        #expect(inTime == .foreign(loop: 1))
        let tooLate = loops.arrives(&record, now: late)
        #expect(tooLate == .taken)
    }

    @Test func remembersABoundedNumberOfPaths() {
        var paths = ForeignPaths()
        for number in 0..<UInt64(ForeignPaths.capacity) + 10 {
            let address = SocketAddress(ipv6High: 1, ipv6Low: number, port: 1)
            paths.announce(ICEPair(remote: address, local: address), loop: 1, now: TwoLoops.start)
        }
        let count = paths.count
        #expect(count == ForeignPaths.capacity)
    }
}
