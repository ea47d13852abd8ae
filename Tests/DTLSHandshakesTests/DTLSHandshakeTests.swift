import Primitives
import Testing

@testable import DTLSHandshakes

struct DTLSHandshakeTests {
    @Test func bothSidesDeriveTheSameKeys() throws {
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run()
        let client = try #require(conversation.clientKeys)
        let server = try #require(conversation.serverKeys)
        #expect(client.profile == .aeadAES128GCM)
        #expect(client.localKey == server.remoteKey)
        #expect(client.remoteKey == server.localKey)
        #expect(client.localSalt == server.remoteSalt)
        #expect(client.remoteSalt == server.localSalt)
        #expect(client.localKey != client.remoteKey)
        #expect(client.localKey.count == 16)
        #expect(client.localSalt.count == 12)
        #expect(Set(client.localKey).count > 4, "not constant bytes")
        #expect(conversation.client.nextTimeout == nil)
        #expect(conversation.server.nextTimeout == nil)
        // Two round trips and no repetition.
        #expect(conversation.now.milliseconds(since: MonotonicTime(nanoseconds: 5_000_000_000)) == 40)
    }

    @Test func everyHandshakeHasItsOwnKeys() throws {
        let (client, server) = (try makeIdentity(), try makeIdentity())
        var seen: Set<[UInt8]> = []
        for _ in 0..<3 {
            var conversation = Conversation(client: client, server: server)
            conversation.run()
            seen.insert(try #require(conversation.clientKeys).localKey)
        }
        #expect(seen.count == 3)
    }

    static let both: [DTLSSRTPProfile] = [.aeadAES128GCM, .aes128CMHMACSHA1Tag80]

    @Test(arguments: [
        (client: both, server: both, chosen: DTLSSRTPProfile.aeadAES128GCM),
        // As Chromium offers them: the server's order decides, not the client's.
        (client: both.reversed(), server: both, chosen: .aeadAES128GCM),
        (client: [.aes128CMHMACSHA1Tag80], server: both, chosen: .aes128CMHMACSHA1Tag80),
        (client: [.aeadAES128GCM], server: both, chosen: .aeadAES128GCM),
        (client: both, server: [.aes128CMHMACSHA1Tag80], chosen: .aes128CMHMACSHA1Tag80),
    ])
    func serverChoosesByItsOwnOrder(
        _ offer: (client: [DTLSSRTPProfile], server: [DTLSSRTPProfile], chosen: DTLSSRTPProfile)
    ) throws {
        var conversation = Conversation(
            client: try makeIdentity(offer.client),
            server: try makeIdentity(offer.server)
        )
        conversation.run()
        let client = try #require(conversation.clientKeys)
        let server = try #require(conversation.serverKeys)
        #expect(client.profile == offer.chosen)
        #expect(server.profile == offer.chosen)
        #expect(client.localSalt.count == offer.chosen.saltLength)
        #expect(client.localKey == server.remoteKey)
        #expect(client.remoteSalt == server.localSalt)
    }

    @Test func withoutCommonProfileThereAreNoKeys() throws {
        var conversation = Conversation(
            client: try makeIdentity([.aeadAES128GCM]),
            server: try makeIdentity([.aes128CMHMACSHA1Tag80])
        )
        conversation.run()
        #expect(conversation.server.status == .failed(.noSRTPProfile))
        #expect(conversation.client.status == .failed(.noSRTPProfile))
    }

    @Test func wrongFingerprintOfClientFailsBothSides() throws {
        let (client, server, other) = (try makeIdentity(), try makeIdentity(), try makeIdentity())
        var conversation = Conversation(
            client: DTLSHandshake(role: .client, identity: client, remoteFingerprints: [server.fingerprint]),
            server: DTLSHandshake(role: .server, identity: server, remoteFingerprints: [other.fingerprint])
        )
        conversation.run()
        #expect(conversation.server.status == .failed(.fingerprintMismatch))
        guard case .failed(.alert) = conversation.client.status else {
            Issue.record("the client ended as \(conversation.client.status)")
            return
        }
    }

    @Test func wrongFingerprintOfServerFailsBothSides() throws {
        let (client, server, other) = (try makeIdentity(), try makeIdentity(), try makeIdentity())
        for announced in [[other.fingerprint], []] {
            var conversation = Conversation(
                client: DTLSHandshake(role: .client, identity: client, remoteFingerprints: announced),
                server: DTLSHandshake(
                    role: .server,
                    identity: server,
                    remoteFingerprints: [client.fingerprint]
                )
            )
            conversation.run()
            #expect(conversation.client.status == .failed(.fingerprintMismatch))
            guard case .failed(.alert) = conversation.server.status else {
                Issue.record("the server ended as \(conversation.server.status)")
                return
            }
        }
    }

    @Test func anyFingerprintOfTheStrongestAlgorithmCounts() throws {
        let (client, server, other) = (try makeIdentity(), try makeIdentity(), try makeIdentity())
        let strong = try #require(
            CertificateFingerprint(algorithm: .sha512, bytes: [UInt8](repeating: 1, count: 64))
        )
        for (announced, isAccepted) in [
            ([other.fingerprint, client.fingerprint], true),
            // A matching weaker hash does not outweigh a stronger one that does not match.
            ([client.fingerprint, strong], false),
        ] {
            var conversation = Conversation(
                client: DTLSHandshake(
                    role: .client,
                    identity: client,
                    remoteFingerprints: [server.fingerprint]
                ),
                server: DTLSHandshake(role: .server, identity: server, remoteFingerprints: announced)
            )
            conversation.run()
            #expect((conversation.serverKeys != nil) == isAccepted)
        }
    }

    @Test func noDatagramExceedsTheLimit() throws {
        var conversation = Conversation(
            client: try makeIdentityWithLongClientHello(),
            server: try makeIdentity()
        )
        conversation.run()
        #expect(conversation.clientKeys != nil)
        for (_, bytes) in conversation.sent {
            #expect(bytes.count <= DTLSHandshake.maximumDatagramLength)
            // Each datagram is whole records (RFC 6347 4.1.1).
            var offset = 0
            while offset < bytes.count {
                try #require(offset + 13 <= bytes.count)
                offset += 13 + Int(bytes[offset + 11]) << 8 + Int(bytes[offset + 12])
            }
            #expect(offset == bytes.count)
        }
    }

    @Test func goodbyeIsHeard() throws {
        for serverLeaves in [true, false] {
            var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
            conversation.run()
            let (leaving, staying) =
                serverLeaves
                ? (conversation.server, conversation.client) : (conversation.client, conversation.server)
            leaving.close()
            #expect(leaving.status == .closed)
            conversation.run()
            #expect(staying.status == .closed)
        }
    }

    @Test func releasedHandshakeKeepsItsKeysAndHearsNothing() throws {
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run()
        let keys = try #require(conversation.serverKeys)
        conversation.server.releaseHandshakeState()
        #expect(conversation.server.status == .established(keys))
        conversation.client.close()
        conversation.run()
        #expect(conversation.server.status == .established(keys))
        #expect(conversation.server.nextOutgoingDatagram() == nil)
    }

    @Test func printingShowsNoKey() throws {
        var conversation = Conversation(client: try makeIdentity(), server: try makeIdentity())
        conversation.run()
        let keys = try #require(conversation.clientKeys)
        var dumped = ""
        dump(conversation.client.status, to: &dumped)
        for text in [dumped, "\(conversation.client.status)", String(reflecting: keys)] {
            #expect(!text.contains("\(keys.localKey[0]), "))
            #expect(!text.contains("localKey"))
        }
    }

    @Test func constantTimeEqualsIsEquality() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
    }
}
