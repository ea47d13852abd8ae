import Primitives
import SRTPProtection
import Testing

struct BackendAgreementTests {
    @Test(arguments: SRTPProfile.allCases)
    func backendsGiveTheSameBytesAtEverySize(profile: SRTPProfile) throws {
        var random = SeededRandom(seed: 7714)
        let reference = try Suite(profile: profile, backend: .portable).outbound()
        let fast = try Suite(profile: profile, backend: .best).outbound()
        for size in 0...1500 {
            let packet = PlainPacket(
                extendedSequence: random.next() >> 16,
                source: UInt32(truncatingIfNeeded: random.next()),
                contributors: Int(random.next() % 16),
                extensionWords: random.next() % 2 == 0 ? nil : Int(random.next() % 20),
                payload: random.bytes(size)
            )
            let expected = reference.protect(packet)
            let found = fast.protect(packet)
            #expect(found == expected, "payload of \(size) bytes")
        }
    }

    @Test(arguments: SRTPProfile.allCases)
    func eachBackendOpensWhatTheOtherSealed(profile: SRTPProfile) throws {
        var random = SeededRandom(seed: 3711)
        for (from, to) in [(CipherBackend.portable, CipherBackend.best), (.best, .portable)] {
            let sender = try Suite(profile: profile, backend: from).outbound()
            var controlSender = try Suite(profile: profile, backend: from).outbound()
            var receiver = try Suite(profile: profile, backend: to).inbound()
            for sequence in 0..<400 {
                let packet = PlainPacket(
                    extendedSequence: UInt64(sequence),
                    contributors: Int(random.next() % 16),
                    extensionWords: random.next() % 2 == 0 ? nil : Int(random.next() % 20),
                    payload: random.bytes(Int(random.next() % 1500))
                )
                let (result, bytes) = receiver.unprotect(sender.protect(packet))
                #expect(
                    result
                        == .plaintext(length: packet.bytes.count, extendedSequence: packet.extendedSequence)
                )
                #expect(Array(bytes.prefix(packet.bytes.count)) == packet.bytes)

                let control = controlPacket(count: Int(random.next() % 1400))
                let (controlResult, plain) = receiver.unprotectControl(controlSender.protectControl(control))
                #expect(controlResult == .plaintext(length: control.count))
                #expect(Array(plain.prefix(control.count)) == control)
            }
        }
    }

    @Test(arguments: Suite.all)
    func encryptsInPlaceAsFromElsewhere(suite: Suite) throws {
        let sender = try suite.outbound()
        for size in [0, 1, 15, 16, 17, 255, 256, 257, 1200] {
            var random = SeededRandom(seed: UInt64(size))
            let packet = PlainPacket(extendedSequence: 77, extensionWords: 2, payload: random.bytes(size))
            var output = packet.bytes + [UInt8](repeating: 0, count: suite.profile.rtpOverhead)
            let written = output.withUnsafeMutableBytes { output in
                sender.protectRTP(
                    headerLength: packet.headerLength,
                    payload: UnsafeRawBufferPointer(
                        rebasing: output[packet.headerLength..<(packet.headerLength + size)]
                    ),
                    output: output,
                    extendedSequence: 77,
                    ssrc: packet.source
                )
            }
            #expect(written == output.count)
            let expected = sender.protect(packet)
            #expect(output == expected)
        }
    }

    @Test(arguments: Suite.all)
    func repeatsARetransmissionByteForByte(suite: Suite) throws {
        let sender = try suite.outbound()
        let packet = PlainPacket(extendedSequence: 0x1_0005, payload: Array("again".utf8))
        let first = sender.protect(packet)
        for sequence in 0..<10 {
            let other = PlainPacket(extendedSequence: 0x1_0006 + UInt64(sequence), payload: [1, 2, 3])
            #expect(sender.protect(other).count == 15 + suite.profile.rtpOverhead)
        }
        let again = sender.protect(packet)
        #expect(again == first)
    }

    @Test(arguments: Suite.all)
    func splitsTheExportersBytesByTheWritingSide(suite: Suite) throws {
        var random = SeededRandom(seed: 5764)
        let profile = suite.profile
        let exported = random.bytes(profile.exportedKeysLength)
        let saltsStart = 2 * profile.keyLength
        let serverKey = Array(exported[profile.keyLength..<saltsStart])
        let serverSalt = Array(exported[(saltsStart + profile.saltLength)...])
        let packet = PlainPacket(extendedSequence: 9, payload: [1, 2, 3, 4])
        let byHand = try OutboundProtection(
            profile: profile,
            masterKey: serverKey.span.bytes,
            masterSalt: serverSalt.span.bytes,
            backend: suite.backend
        )
        let server = try OutboundProtection(
            profile: profile,
            exportedKeys: exported.span.bytes,
            writer: .server,
            backend: suite.backend
        )
        let expected = byHand.protect(packet)
        let found = server.protect(packet)
        #expect(found == expected)

        var fromServer = try InboundProtection(
            profile: profile,
            exportedKeys: exported.span.bytes,
            writer: .server,
            backend: suite.backend
        )
        var fromClient = try InboundProtection(
            profile: profile,
            exportedKeys: exported.span.bytes,
            writer: .client,
            backend: suite.backend
        )
        let (right, _) = fromServer.unprotect(found)
        let (wrong, _) = fromClient.unprotect(found)
        #expect(right == .plaintext(length: 16, extendedSequence: 9))
        #expect(wrong == .drop(.authenticationFailed))
    }

    @Test(arguments: SRTPProfile.allCases)
    func refusesKeysOfTheWrongLength(profile: SRTPProfile) throws {
        let bytes = [UInt8](repeating: 1, count: 100)
        #expect(throws: ProtectionKeyError.wrongLength(expected: 16, found: 15)) {
            _ = try OutboundProtection(
                profile: profile,
                masterKey: bytes.span.extracting(0..<15).bytes,
                masterSalt: bytes.span.extracting(0..<profile.saltLength).bytes
            )
        }
        #expect(throws: ProtectionKeyError.wrongLength(expected: profile.saltLength, found: 13)) {
            _ = try InboundProtection(
                profile: profile,
                masterKey: bytes.span.extracting(0..<16).bytes,
                masterSalt: bytes.span.extracting(0..<13).bytes
            )
        }
        #expect(throws: ProtectionKeyError.wrongLength(expected: profile.exportedKeysLength, found: 100)) {
            _ = try OutboundProtection(profile: profile, exportedKeys: bytes.span.bytes, writer: .client)
        }
    }
}
