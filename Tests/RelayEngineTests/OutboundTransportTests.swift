import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import Testing

@Suite("Which answers make a path")
struct OutboundTransportTests {
    private static let relay = ICECredentials(ufrag: "Aabcdefgh", password: "abcdefghijklmnopqrstuvwx")
    private static let server = ICECredentials(ufrag: "server", password: "zyxwvutsrqponmlkjihgfedc")
    private static let path = ICEPair(
        remote: SocketAddress(ipv4: 0x0A00_0001, port: 7_000),
        local: SocketAddress(ipv4: 0xC000_0201, port: 50_000)
    )
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func transport(_ role: DTLSRole) throws -> PeerTransport {
        let identities = try SimulatedIdentities.shared.get()
        return PeerTransport(
            PeerTransportParameters(
                local: Self.relay,
                remoteUfrag: Self.server.ufrag,
                role: role,
                remoteFingerprints: [identities.client.fingerprint],
                outbound: OutboundChecks(
                    remote: Self.server,
                    candidates: [Self.path.remote],
                    tieBreaker: 1,
                    port: Self.path.local.port
                )
            ),
            identity: identities.relay,
            now: Self.start
        )
    }

    private func answer(
        _ check: [UInt8],
        _ messageClass: STUNMessage.Class = .success,
        password: String = server.password,
        transaction: STUNTransactionID? = nil
    ) throws -> [UInt8] {
        let message = STUNMessage(check.span.bytes)
        let asked = try #require(message).transactionID
        var writer = STUNWriter(messageClass, transactionID: transaction ?? asked)
        if messageClass == .error { writer.addErrorCode(401, reason: "Unauthenticated") }
        writer.addXORMappedAddress(Self.path.local)
        writer.addMessageIntegrity(password: password.utf8)
        writer.addFingerprint()
        return writer.bytes
    }

    private func nextCheck(_ transport: inout PeerTransport, now: MonotonicTime) throws -> [UInt8] {
        var random = SeededRandom(seed: UInt64(now.nanoseconds))
        let check = transport.nextCheck(now: now, random: &random)
        let (datagram, path) = try #require(check)
        #expect(path.remote == Self.path.remote)
        #expect(path.local == SocketAddress(ipv4: 0, port: Self.path.local.port))
        return datagram
    }

    @Test func onlyTheServersOwnToAQuestionOfOurs() throws {
        var transport = try transport(.client)
        let check = try nextCheck(&transport, now: Self.start)
        let good = try answer(check)
        var damaged = good
        damaged[30] ^= 1
        let elsewhere = ICEPair(
            remote: Self.path.remote.with(port: 7_001),
            local: Self.path.local
        )
        for (datagram, path) in [
            (try answer(check, password: Self.relay.password), Self.path),
            (try answer(check, transaction: STUNTransactionID(high: 9, low: 9)), Self.path),
            (damaged, Self.path),
            (good, elsewhere),
        ] {
            let outcome = transport.receiveAnswer(datagram.span.bytes, on: path, now: Self.start)
            #expect(outcome == .ignored)
        }
        let silent = transport.nextOutgoing(now: Self.start)
        #expect(silent == nil, "no handshake before an answer")
        let before = transport.selectedPath
        #expect(before == nil)

        let outcome = transport.receiveAnswer(good.span.bytes, on: Self.path, now: Self.start)
        #expect(outcome == .answered(mappedAddress: Self.path.local, selectionChanged: true))
        let after = transport.selectedPath
        #expect(after == Self.path)
        let hello = transport.nextOutgoing(now: Self.start)
        #expect(hello?.path == Self.path)
        let replay = transport.receiveAnswer(good.span.bytes, on: Self.path, now: Self.start)
        #expect(replay == .ignored)
    }

    @Test func aRefusalMakesNone() throws {
        var transport = try transport(.client)
        let check = try nextCheck(&transport, now: Self.start)
        let refusal = try answer(check, .error)
        let outcome = transport.receiveAnswer(refusal.span.bytes, on: Self.path, now: Self.start)
        #expect(outcome == .refused(errorCode: 401))
        let late = Self.start.advanced(byMilliseconds: DTLSHandshake.handshakeMilliseconds)
        let early = transport.tick(now: late.advanced(byMilliseconds: -1))
        #expect(early == nil)
        let end = transport.tick(now: late)
        #expect(end == .pathLost)
    }

    /// As DTLS server we wait for the server's first flight, and hear it on the path that answered only.
    @Test func theServerRoleWaitsAndHearsOneAddress() throws {
        var transport = try transport(.server)
        let hello: [UInt8] = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let tooEarly = transport.receiveDTLS(hello.span.bytes, on: Self.path, now: Self.start)
        #expect(!tooEarly)
        let good = try answer(try nextCheck(&transport, now: Self.start))
        _ = transport.receiveAnswer(good.span.bytes, on: Self.path, now: Self.start)
        let silent = transport.nextOutgoing(now: Self.start)
        #expect(silent == nil)
        let elsewhere = ICEPair(remote: Self.path.remote.with(port: 9), local: Self.path.local)
        let strange = transport.receiveDTLS(hello.span.bytes, on: elsewhere, now: Self.start)
        #expect(!strange)
        let heard = transport.receiveDTLS(hello.span.bytes, on: Self.path, now: Self.start)
        #expect(heard)
    }

    /// An answer that comes in at another address of ours moves the path there: by it the server is reached now.
    @Test func thePathFollowsOurOwnAddress() throws {
        var transport = try transport(.client)
        let first = try answer(try nextCheck(&transport, now: Self.start))
        _ = transport.receiveAnswer(first.span.bytes, on: Self.path, now: Self.start)
        let later = Self.start.advanced(byMilliseconds: ICECheckingClient.keepaliveMilliseconds)
        let second = try answer(try nextCheck(&transport, now: later))
        let moved = ICEPair(
            remote: Self.path.remote,
            local: SocketAddress(ipv4: 0xC000_0202, port: Self.path.local.port)
        )
        _ = transport.receiveAnswer(second.span.bytes, on: moved, now: later)
        let selected = transport.selectedPath
        #expect(selected == moved)
    }
}
