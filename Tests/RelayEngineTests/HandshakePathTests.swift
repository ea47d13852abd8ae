import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import Testing

@Suite("The path of a handshake")
struct HandshakePathTests {
    private static let local = ICECredentials(ufrag: "Aabcdefgh", password: "abcdefghijklmnopqrstuvwx")
    private static let first = ICEPair(
        remote: SocketAddress(ipv4: 0x0A00_0001, port: 1),
        local: Simulation.relayAddress
    )
    private static let second = ICEPair(
        remote: SocketAddress(ipv4: 0x0A00_0002, port: 2),
        local: Simulation.relayAddress
    )

    private func milliseconds(_ value: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: 1_000_000_000).advanced(byMilliseconds: value)
    }

    private func check(nominates: Bool) -> [UInt8] {
        var random = SeededRandom(seed: nominates ? 1 : 2)
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(using: &random))
        writer.addUsername(Array("\(Self.local.ufrag):peer".utf8))
        writer.addICEControlling(tieBreaker: 1)
        if nominates { writer.addUseCandidate() }
        writer.addMessageIntegrity(password: Self.local.password.utf8)
        writer.addFingerprint()
        return writer.bytes
    }

    /// As DTLS client we speak on the first path that was checked, until the peer says which one it uses.
    @Test func followsTheNomination() throws {
        let identities = try SimulatedIdentities.shared.get()
        var transport = PeerTransport(
            PeerTransportParameters(
                local: Self.local,
                remoteUfrag: "peer",
                role: .client,
                remoteFingerprints: [identities.client.fingerprint]
            ),
            identity: identities.relay,
            now: milliseconds(0)
        )
        var response: [UInt8] = []
        _ = transport.receiveSTUN(
            check(nominates: false).span.bytes,
            on: Self.first,
            now: milliseconds(0),
            response: &response
        )
        let flight = transport.nextOutgoing(now: milliseconds(0))
        #expect(flight?.path == Self.first)
        _ = transport.receiveSTUN(
            check(nominates: true).span.bytes,
            on: Self.second,
            now: milliseconds(50),
            response: &response
        )
        let end = transport.tick(now: milliseconds(400))
        #expect(end == nil)
        let repetition = transport.nextOutgoing(now: milliseconds(400))
        #expect(repetition?.path == Self.second)
    }

    @Test func nothingLeavesBeforeACheckOrOnADeadPath() throws {
        let identities = try SimulatedIdentities.shared.get()
        var transport = PeerTransport(
            PeerTransportParameters(
                local: Self.local,
                remoteUfrag: "peer",
                role: .client,
                remoteFingerprints: [identities.client.fingerprint]
            ),
            identity: identities.relay,
            now: milliseconds(0)
        )
        let before = transport.nextOutgoing(now: milliseconds(0))
        #expect(before == nil)
        let hello: [UInt8] = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let early = transport.receiveDTLS(hello.span.bytes, on: Self.first, now: milliseconds(0))
        #expect(!early)
        var response: [UInt8] = []
        _ = transport.receiveSTUN(
            check(nominates: true).span.bytes,
            on: Self.first,
            now: milliseconds(0),
            response: &response
        )
        let elsewhere = transport.receiveDTLS(hello.span.bytes, on: Self.second, now: milliseconds(0))
        #expect(!elsewhere)
        let after = transport.nextOutgoing(now: milliseconds(30_000))
        #expect(after == nil)
        let end = transport.tick(now: milliseconds(30_000))
        #expect(end != nil)
    }
}
