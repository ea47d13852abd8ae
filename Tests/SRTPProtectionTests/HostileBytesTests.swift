import Primitives
import SRTPProtection
import Testing

struct HostileBytesTests {
    @Test(arguments: Suite.all)
    func dropsPacketWithAnyByteChanged(suite: Suite) throws {
        let sender = try suite.outbound()
        var random = SeededRandom(seed: 3)
        let packet = sender.protect(
            PlainPacket(extendedSequence: 500, contributors: 2, extensionWords: 3, payload: random.bytes(100))
        )
        var receiver = try suite.inbound()
        for position in packet.indices {
            for bit in 0..<8 {
                var altered = packet
                altered[position] ^= 1 << UInt8(bit)
                let (result, _) = receiver.unprotect(altered)
                #expect(
                    result == .drop(.authenticationFailed) || result == .drop(.malformed),
                    "byte \(position), bit \(bit)"
                )
            }
        }
        // None of that moved anything.
        let (result, _) = receiver.unprotect(packet)
        #expect(result == .plaintext(length: packet.count - suite.profile.tagLength, extendedSequence: 500))
    }

    @Test(arguments: Suite.all)
    func dropsControlPacketWithAnyByteChanged(suite: Suite) throws {
        var sender = try suite.outbound()
        let packet = sender.protectControl(controlPacket())
        var receiver = try suite.inbound()
        for position in packet.indices {
            for bit in 0..<8 {
                var altered = packet
                altered[position] ^= 1 << UInt8(bit)
                let (result, _) = receiver.unprotectControl(altered)
                #expect(
                    result == .drop(.authenticationFailed) || result == .drop(.malformed),
                    "byte \(position), bit \(bit)"
                )
            }
        }
        let (result, _) = receiver.unprotectControl(packet)
        #expect(result == .plaintext(length: 32))
    }

    @Test(arguments: Suite.all)
    func dropsPacketCutAnywhere(suite: Suite) throws {
        var sender = try suite.outbound()
        let packet = sender.protect(
            PlainPacket(extendedSequence: 5, contributors: 3, extensionWords: 2, payload: [1, 2, 3, 4, 5])
        )
        let control = sender.protectControl(controlPacket())
        var receiver = try suite.inbound()
        for length in packet.indices {
            let (result, _) = receiver.unprotect(Array(packet[..<length]))
            let isHeaderCut = length < 36 + suite.profile.tagLength
            #expect(result == .drop(isHeaderCut ? .malformed : .authenticationFailed))
        }
        for length in control.indices {
            let (result, _) = receiver.unprotectControl(Array(control[..<length]))
            let isHeaderCut = length < 8 + suite.profile.rtcpOverhead
            #expect(result == .drop(isHeaderCut ? .malformed : .authenticationFailed))
        }
        let (empty, _) = receiver.unprotect([])
        #expect(empty == .drop(.malformed))
    }

    @Test(arguments: Suite.all)
    func dropsRandomBytes(suite: Suite) throws {
        var random = SeededRandom(seed: 99)
        var receiver = try suite.inbound()
        for _ in 0..<3000 {
            var bytes = random.bytes(Int(random.next() % 200))
            if random.next() % 2 == 0, !bytes.isEmpty { bytes[0] = 0x80 | bytes[0] & 0x1F }
            guard case .drop = receiver.unprotect(bytes).result else {
                Issue.record("random bytes were taken for a packet")
                return
            }
            guard case .drop = receiver.unprotectControl(bytes).result else {
                Issue.record("random bytes were taken for a report")
                return
            }
        }
        #expect(receiver.sourceCount == 0)
    }

    @Test(arguments: Suite.backends)
    func leavesNothingDecryptedInADroppedPacket(backend: CipherBackend) throws {
        let suite = Suite(profile: .aeadAES128GCM, backend: backend)
        let payload = Array("a payload that must not be read unless it is authentic".utf8)
        var altered = try suite.outbound().protect(PlainPacket(extendedSequence: 5, payload: payload))
        altered[altered.count - 1] ^= 1
        var receiver = try suite.inbound()
        let (result, bytes) = receiver.unprotect(altered)
        #expect(result == .drop(.authenticationFailed))
        #expect(bytes[12..<(12 + payload.count)].allSatisfy { $0 == 0 })
    }

    @Test(arguments: Suite.all)
    func rollsNoPacketOverToAnotherRolloverCounter(suite: Suite) throws {
        let sender = try suite.outbound()
        var receiver = try suite.inbound()
        let early = sender.protect(PlainPacket(extendedSequence: 100, payload: [1, 2, 3]))
        for index in [20_000, 40_000, 60_000, 65_600] as [UInt64] {
            let (result, _) = receiver.unprotect(
                sender.protect(PlainPacket(extendedSequence: index, payload: [1]))
            )
            #expect(result == .plaintext(length: 13, extendedSequence: index))
        }
        // The same header and sequence number belong to index 65636 by now, for which this is no packet.
        let (result, _) = receiver.unprotect(early)
        #expect(result == .drop(.authenticationFailed))
    }
}
