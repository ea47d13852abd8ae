import Primitives
import Testing

@testable import SRTPProtection

/// Test vectors of RFC 3711 appendix B and RFC 7714 16 and 17.
struct PublishedVectorTests {
    private func pair(
        _ profile: SRTPProfile,
        key: [UInt8],
        salt: [UInt8],
        authentication: [UInt8] = [],
        _ backend: CipherBackend
    ) throws -> (() throws -> OutboundProtection, () throws -> InboundProtection) {
        let cipher = { (direction: PacketCipher.Direction) in
            try PacketCipher(
                profile,
                keys: SessionKeys(encryptionKey: key, salt: salt, authenticationKey: authentication),
                backend: backend,
                direction: direction
            )
        }
        return (
            {
                OutboundProtection(
                    profile: profile,
                    media: try cipher(.outbound),
                    control: try cipher(.outbound)
                )
            },
            {
                InboundProtection(
                    profile: profile,
                    media: try cipher(.inbound),
                    control: try cipher(.inbound)
                )
            }
        )
    }

    private func gcm(
        _ backend: CipherBackend
    ) throws -> (() throws -> OutboundProtection, () throws -> InboundProtection) {
        try pair(.aeadAES128GCM, key: Array(0..<16), salt: Array("Quid pro quo".utf8), backend)
    }

    private let report = """
        81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
        deadbeef deadbeef deadbeef deadbeef deadbeef
        """

    @Test func derivesTheSessionKeysOfAppendixB3() throws {
        let key = try hex("E1F97A0D3E018BE0D64FA32C06DE4139")
        let salt = try hex("0EC675AD498AFEEBB6960B3AABE6")
        let keys = try SessionKeys(
            .rtp,
            profile: .aesCM128HMACSHA1Tag80,
            masterKey: key.span.bytes,
            masterSalt: salt.span.bytes
        )
        let encryption = Array(UnsafeRawBufferPointer(start: keys.encryptionKey, count: 16))
        let sessionSalt = Array(UnsafeRawBufferPointer(start: keys.paddedSalt, count: 16))
        let authentication = Array(UnsafeRawBufferPointer(start: keys.authenticationKey, count: 20))
        extendLifetime(keys)
        #expect(encryption == (try hex("C61E7A93744F39EE10734AFE3FF7A087")))
        #expect(sessionSalt == (try hex("30CBBC08863D8C85D49DB34A9AE1 0000")))
        #expect(authentication == (try hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")))
    }

    @Test(arguments: Suite.backends)
    func countsWithTheKeystreamOfAppendixB2(backend: CipherBackend) throws {
        let (outbound, _) = try pair(
            .aesCM128HMACSHA1Tag80,
            key: hex("2B7E151628AED2A6ABF7158809CF4F3C"),
            salt: hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
            backend
        )
        let packet = PlainPacket(extendedSequence: 0, source: 0, payload: [UInt8](repeating: 0, count: 48))
        let protected = try outbound().protect(packet)
        let keystream = try hex(
            """
            E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB
            41E95B3BB0A2E8DD477901E4FCA894C0
            """
        )
        #expect(Array(protected[12..<60]) == keystream)
    }

    @Test(arguments: Suite.backends)
    func protectsThePacketOfRFC7714Section16(backend: CipherBackend) throws {
        let (outbound, inbound) = try gcm(backend)
        let plain =
            try hex("8040f17b 8041f8d3 5501a0b2") + Array("Gallia est omnis divisa in partes tres".utf8)
        let expected = try hex(
            """
            8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
            42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce
            """
        )
        var packet = PlainPacket(extendedSequence: 0xF17B, source: 0x5501_A0B2, payload: [])
        packet.bytes = plain
        let protected = try outbound().protect(packet)
        #expect(protected == expected)
        var receiver = try inbound()
        let (result, bytes) = receiver.unprotect(expected)
        #expect(result == .plaintext(length: plain.count, extendedSequence: 0xF17B))
        #expect(Array(bytes[..<plain.count]) == plain)
    }

    @Test(arguments: Suite.backends)
    func protectsTheReportOfRFC7714Section17(backend: CipherBackend) throws {
        let (outbound, inbound) = try gcm(backend)
        let expected = try hex(
            """
            81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
            c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4
            """
        )
        var sender = try outbound()
        sender.nextControlIndex = 0x5D4
        let protected = sender.protectControl(try hex(report))
        #expect(protected == expected)
        var receiver = try inbound()
        let (result, bytes) = receiver.unprotectControl(expected)
        let plain = try hex(report)
        #expect(result == .plaintext(length: plain.count))
        #expect(Array(bytes[..<plain.count]) == plain)
    }

    @Test(arguments: Suite.backends)
    func verifiesTheUnencryptedReportOfRFC7714Section17(backend: CipherBackend) throws {
        let (_, inbound) = try gcm(backend)
        let tagged = try hex(report + "841dd968 3dd78ec9 2ae58790 125f62b3 000005d4")
        let plain = try hex(report)
        var receiver = try inbound()
        let (result, bytes) = receiver.unprotectControl(tagged)
        #expect(result == .plaintext(length: plain.count))
        #expect(Array(bytes[..<plain.count]) == plain)
        for position in tagged.indices where position < tagged.count - 4 {
            var altered = tagged
            altered[position] ^= 1
            var receiver = try inbound()
            let (result, _) = receiver.unprotectControl(altered)
            #expect(result == .drop(.authenticationFailed))
        }
    }
}
