import COpenSSL
import Primitives
import Testing

@testable import DTLSHandshakes

/// Two handshakes and the network between them, in virtual time.
struct Conversation {
    /// What becomes of one datagram.
    enum Fate {
        case deliver
        case drop
        case duplicate
        /// Arrives this many milliseconds later than others.
        case delay(Int64)
        case replace([UInt8])
        /// What was put here arrives first.
        case precede([[UInt8]])
    }

    /// One way of the two.
    enum Direction {
        case toServer
        case toClient
    }

    private struct InFlight {
        let direction: Direction
        let bytes: [UInt8]
        let arrival: MonotonicTime
    }

    static let latencyMilliseconds: Int64 = 10

    let client: DTLSHandshake
    let server: DTLSHandshake
    var now = MonotonicTime(nanoseconds: 5_000_000_000)
    /// What was sent, in order, whatever became of it.
    private(set) var sent: [(direction: Direction, bytes: [UInt8])] = []
    private var inFlight: [InFlight] = []
    private var counts: (toServer: Int, toClient: Int) = (0, 0)

    init(client: DTLSHandshake, server: DTLSHandshake) {
        self.client = client
        self.server = server
    }

    /// Two sides that announce their true fingerprints to each other.
    init(client: DTLSIdentity, server: DTLSIdentity) {
        self.init(
            client: DTLSHandshake(role: .client, identity: client, remoteFingerprints: [server.fingerprint]),
            server: DTLSHandshake(role: .server, identity: server, remoteFingerprints: [client.fingerprint])
        )
    }

    var clientKeys: SRTPKeyingMaterial? { keys(client.status) }
    var serverKeys: SRTPKeyingMaterial? { keys(server.status) }

    private func keys(_ status: DTLSStatus) -> SRTPKeyingMaterial? {
        guard case .established(let keys) = status else { return nil }
        return keys
    }

    /// Runs until nothing is in flight and no timer is due before `limit` has passed.
    ///
    /// `fate` is asked for each datagram, with its number in its direction, from 0.
    mutating func run(
        forMilliseconds limit: Int64 = 20_000,
        fate: (Direction, Int, [UInt8]) -> Fate = { _, _, _ in .deliver }
    ) {
        let end = now.advanced(byMilliseconds: limit)
        client.start(now: now)
        server.start(now: now)
        collect(fate)
        while true {
            let arrival = inFlight.map(\.arrival).min()
            let due = [arrival, client.nextTimeout, server.nextTimeout].compactMap(\.self).min()
            guard let due, due <= end else { break }
            now = max(now, due)
            if let index = inFlight.firstIndex(where: { $0.arrival <= now && $0.arrival == arrival }) {
                let datagram = inFlight.remove(at: index)
                let receiver = datagram.direction == .toServer ? server : client
                receiver.receive(datagram.bytes.span.bytes, now: now)
            }
            for side in [client, server] {
                if let timeout = side.nextTimeout, timeout <= now { side.handleTimeout(now: now) }
            }
            collect(fate)
        }
    }

    private mutating func collect(_ fate: (Direction, Int, [UInt8]) -> Fate) {
        while let bytes = client.nextOutgoingDatagram() {
            send(bytes, .toServer, fate(.toServer, counts.toServer, bytes))
            counts.toServer += 1
        }
        while let bytes = server.nextOutgoingDatagram() {
            send(bytes, .toClient, fate(.toClient, counts.toClient, bytes))
            counts.toClient += 1
        }
    }

    private mutating func send(_ bytes: [UInt8], _ direction: Direction, _ fate: Fate) {
        sent.append((direction, bytes))
        func put(_ bytes: [UInt8], after delay: Int64 = 0) {
            inFlight.append(
                InFlight(
                    direction: direction,
                    bytes: bytes,
                    arrival: now.advanced(byMilliseconds: Self.latencyMilliseconds + delay)
                )
            )
        }
        switch fate {
        case .deliver: put(bytes)
        case .drop: break
        case .duplicate:
            put(bytes)
            put(bytes)
        case .delay(let milliseconds): put(bytes, after: milliseconds)
        case .replace(let other): put(other)
        case .precede(let others):
            for other in others { put(other) }
            put(bytes)
        }
    }

    /// How many datagrams were sent one way.
    func sentCount(_ direction: Direction) -> Int { sent.count { $0.direction == direction } }
}

/// Makes an identity as the relay does at start-up.
func makeIdentity(
    _ profiles: [DTLSSRTPProfile] = [.aeadAES128GCM, .aes128CMHMACSHA1Tag80]
) throws -> DTLSIdentity {
    try DTLSIdentity(
        validFrom: WallClockTime(nanosecondsSince1970: 1_790_000_000_000_000_000),
        srtpProfiles: profiles
    )
}

/// An identity whose ClientHello is so long that it takes several datagrams, as the browsers' post-quantum ones do.
func makeIdentityWithLongClientHello() throws -> DTLSIdentity {
    let identity = try makeIdentity()
    let protocols = (0..<6).flatMap { [UInt8(250)] + [UInt8](repeating: 0x61 + UInt8($0), count: 250) }
    #expect(SSL_CTX_set_alpn_protos(identity.context, protocols, UInt32(protocols.count)) == 0)
    return identity
}
