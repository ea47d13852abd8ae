import Primitives
import Rooms
import SRTPProtection
import Testing

/// A slab is not read before it is finished, and finishes nothing but what it was given.
@Suite("Unfinished slabs")
struct UnfinishedSlabTests {
    private static let remote = SocketAddress(ipv4: 1, port: 1)
    private static let local = SocketAddress(ipv4: 2, port: 2)

    private static func protection(_ backend: CipherBackend) throws -> OutboundProtection {
        try OutboundProtection(
            profile: .aesCM128HMACSHA1Tag80,
            masterKey: [UInt8](repeating: 1, count: 16).span.bytes,
            masterSalt: [UInt8](repeating: 2, count: 14).span.bytes,
            backend: backend
        )
    }

    /// Writes a packet to where the slab's next datagram stands.
    private static func write(
        _ sequence: UInt8,
        byteCount: Int,
        to space: UnsafeMutableRawBufferPointer,
        _ protection: borrowing OutboundProtection
    ) -> EncryptedPacket {
        space.copyBytes(from: [0x80, 96, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 7])
        let payload = [UInt8](repeating: sequence, count: byteCount)
        return payload.withUnsafeBytes { payload in
            protection.encryptRTP(
                headerLength: 12,
                payload: payload,
                output: space,
                extendedSequence: UInt64(sequence),
                ssrc: 7
            )
        }
    }

    private static func commit(_ packet: EncryptedPacket, to slab: inout SendSlab) {
        slab.commit(packet, to: remote, from: local, notAfter: .distantFuture)
    }

    /// The packet as the back end that tags at once gives it.
    private static func reference(_ sequence: UInt8, byteCount: Int) throws -> [UInt8] {
        let protection = try protection(.portable)
        var space = [UInt8](repeating: 0, count: SendSlab.datagramCapacity)
        let length = space.withUnsafeMutableBytes {
            write(sequence, byteCount: byteCount, to: $0, protection).length
        }
        return Array(space[..<length])
    }

    @Test(.enabled(if: CipherBackend.multiBuffer.isAvailable))
    func readingAnUnfinishedSlabEndsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let protection = try UnfinishedSlabTests.protection(.multiBuffer)
            var slab = SendSlab()
            UnfinishedSlabTests.commit(
                UnfinishedSlabTests.write(1, byteCount: 100, to: slab.space, protection),
                to: &slab
            )
            _ = slab.message(0)
        }
        await #expect(processExitsWith: .success) {
            let protection = try UnfinishedSlabTests.protection(.multiBuffer)
            var slab = SendSlab()
            UnfinishedSlabTests.commit(
                UnfinishedSlabTests.write(1, byteCount: 100, to: slab.space, protection),
                to: &slab
            )
            slab.finish()
            _ = slab.message(0)
        }
    }

    /// The ring's writer overtook the reader: what was written is not committed, and something else stands there.
    @Test(arguments: CipherBackend.allCases.filter(\.isAvailable))
    func whatIsNotCommittedIsNotFinished(backend: CipherBackend) throws {
        let protection = try Self.protection(backend)
        var slab = SendSlab()
        var expected: [UInt8] = []
        for sequence: UInt8 in 1...20 {
            _ = Self.write(200, byteCount: 1_400, to: slab.space, protection)
            if sequence % 5 == 0 {
                let reply = [UInt8](repeating: sequence, count: 60)
                slab.append(reply, to: Self.remote, from: Self.local)
                expected += reply
            } else {
                let packet = Self.write(sequence, byteCount: 100, to: slab.space, protection)
                Self.commit(packet, to: &slab)
                expected += try Self.reference(sequence, byteCount: 100)
            }
        }
        _ = Self.write(200, byteCount: 1_400, to: slab.space, protection)
        slab.finish()
        let found = Self.bytes(of: slab)
        #expect(found == expected)
    }

    /// A loop that was cut off drops its slab; the next batch stands in the same place.
    @Test(arguments: CipherBackend.allCases.filter(\.isAvailable))
    func whatIsClearedIsNotFinished(backend: CipherBackend) throws {
        let protection = try Self.protection(backend)
        var slab = SendSlab()
        for sequence: UInt8 in 1...20 {
            let packet = Self.write(sequence, byteCount: 50, to: slab.space, protection)
            Self.commit(packet, to: &slab)
        }
        slab.clear()
        let reply = [UInt8](repeating: 9, count: 1_500)
        slab.append(reply, to: Self.remote, from: Self.local)
        slab.finish()
        let found = Self.bytes(of: slab)
        #expect(found == reply)
    }

    private static func bytes(of slab: borrowing SendSlab) -> [UInt8] {
        var found: [UInt8] = []
        for number in 0..<slab.messageCount {
            let message = slab.message(number)
            found += Array(slab.bytes(of: message))
        }
        return found
    }
}
