import Primitives
import SRTPProtection
import Testing

/// Packets protected by libsrtp 2.5.0 from a master key: derivation, CSRC list, header extension, a sequence
/// number that wraps, and RTCP, in one.
struct LibsrtpVectorTests {
    private let masterKey: [UInt8] = Array(0..<16)
    private let masterSalt: [UInt8] = Array(0x40..<0x4E)
    private let header = "01020304 cafebabe 09090909 bede0001 10ff0000"

    private func protectedRTP(_ profile: SRTPProfile) throws -> [[UInt8]] {
        let bodies =
            switch profile {
            case .aesCM128HMACSHA1Tag80:
                [
                    "f75e53b9acd6687b34ba57990e67bd0e170e47f17e3c8b50c3a131748b65b8059e8759b7b24f74faff95a44179aabe",
                    "f47861f642b355acec954dc68bfb69a51944681fb9c03af534fbb17692ccc71394b769836cbf602100f935d0ea06e2",
                    "5bed08cc68be0d585583d2c85798864ef06f2833c5c943195dbaff9e4d1ded881039465d0c90e1d1a770afbb14d35c",
                    "5aab0994e13aaef604df4f171bd3c690abc87bf976c73234d394ac5f86d2d47355e4831038b78d5fcf2c06dc53a205",
                ]
            case .aeadAES128GCM:
                [
                    """
                    517b0d01fbca637433dc146377bd06d5b3250dc335f8b28da52007a086473f76be8ae8464f
                    fd890b9421953a40205f223d4bd58742
                    """,
                    """
                    68f66d7f71796f358e3aa8f39b08753dee8892cc61c010c91ea82b0022255a2db2b53cfc5a
                    b80451d9ac2b074aed69ea6c32b8adaf
                    """,
                    """
                    10cefce476a52c6aa10d582b54512bcfa0a2a053094dad8f22095190d454e5fa3ae8ea03b8
                    861e1df7a6371537afa9f9365be3ac01
                    """,
                    """
                    7d5f3d89e6ed18c677c11c74f749227ea44e607da0b574a7a6fd0e1e3ce35fc41d43bcc37c
                    77d9f2cad1242937e6b9306db6d5694f
                    """,
                ]
            }
        return try zip(["9160fffe", "9160ffff", "91600000", "91600001"], bodies).map { first, body in
            try hex(first + header + body)
        }
    }

    private func protectedRTCP(_ profile: SRTPProfile) throws -> [[UInt8]] {
        let bodies =
            switch profile {
            case .aesCM128HMACSHA1Tag80:
                [
                    "17f3f0c25213d1e9c1d8a6dab00fa3507643e63a48616339 80000001 486d5e90f476bc39bb86",
                    "fe78cca57263e86e7e6676e8f93a0d6cc436a84602d3bae9 80000002 cfc4491d516d38c14e90",
                ]
            case .aeadAES128GCM:
                [
                    "b7a4f2730a814e1d274973a3bdd7e55452ce76f4cc9a813fd3a90e359494253c8846abadf0f7eccd 80000001",
                    "bf7e67c71bf4318a81074c92f20e361776318529b25827e3af7f5f13da305b0677799646cf7fc883 80000002",
                ]
            }
        return try bodies.map { try hex("80c90007 cafebabe" + $0) }
    }

    private func plainRTP(_ step: Int) -> PlainPacket {
        var packet = PlainPacket(
            extendedSequence: 65534 + UInt64(step),
            source: 0xCAFE_BABE,
            contributors: 1,
            extensionWords: 1,
            payload: (0..<37).map { UInt8(truncatingIfNeeded: $0 * 7 + step) }
        )
        packet.bytes.replaceSubrange(4..<8, with: [1, 2, 3, 4])
        packet.bytes.replaceSubrange(12..<24, with: [9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 0x10, 0xFF, 0, 0])
        return packet
    }

    private func plainRTCP(_ step: Int) -> [UInt8] {
        [0x80, 201, 0, 7, 0xCA, 0xFE, 0xBA, 0xBE] + (0..<24).map { UInt8(truncatingIfNeeded: $0 * 5 + step) }
    }

    @Test(arguments: Suite.all)
    func protectsAsLibsrtpDoes(suite: Suite) throws {
        let salt = Array(masterSalt.prefix(suite.profile.saltLength))
        var sender = try OutboundProtection(
            profile: suite.profile,
            masterKey: masterKey.span.bytes,
            masterSalt: salt.span.bytes,
            backend: suite.backend
        )
        for (step, expected) in try protectedRTP(suite.profile).enumerated() {
            let protected = sender.protect(plainRTP(step))
            #expect(protected == expected)
        }
        // libsrtp begins with index 1, we with 0 (RFC 3711 3.2.1).
        let first = sender.protectControl(plainRTCP(0))
        #expect(first.count == 32 + suite.profile.rtcpOverhead)
        for (step, expected) in try protectedRTCP(suite.profile).enumerated() {
            let protected = sender.protectControl(plainRTCP(step))
            #expect(protected == expected)
        }
    }

    @Test(arguments: Suite.all)
    func tagsTogetherAsLibsrtpDoes(suite: Suite) throws {
        let salt = Array(masterSalt.prefix(suite.profile.saltLength))
        let sender = try OutboundProtection(
            profile: suite.profile,
            masterKey: masterKey.span.bytes,
            masterSalt: salt.span.bytes,
            backend: suite.backend
        )
        let batch = TagBatch()
        // As many as are tagged side by side.
        for step in 0..<8 { batch.add(plainRTP(step % 4), by: sender) }
        let found = batch.finish()
        let expected = try protectedRTP(suite.profile)
        #expect(found == expected + expected)
    }

    @Test(arguments: Suite.all)
    func unprotectsWhatLibsrtpProtects(suite: Suite) throws {
        let salt = Array(masterSalt.prefix(suite.profile.saltLength))
        var receiver = try InboundProtection(
            profile: suite.profile,
            masterKey: masterKey.span.bytes,
            masterSalt: salt.span.bytes,
            backend: suite.backend
        )
        for (step, packet) in try protectedRTP(suite.profile).enumerated() {
            let (result, bytes) = receiver.unprotect(packet)
            let plain = plainRTP(step)
            #expect(
                result == .plaintext(length: plain.bytes.count, extendedSequence: plain.extendedSequence)
            )
            #expect(Array(bytes.prefix(plain.bytes.count)) == plain.bytes)
        }
        for (step, packet) in try protectedRTCP(suite.profile).enumerated() {
            let (result, bytes) = receiver.unprotectControl(packet)
            #expect(result == .plaintext(length: 32))
            #expect(Array(bytes.prefix(32)) == plainRTCP(step))
        }
    }
}
