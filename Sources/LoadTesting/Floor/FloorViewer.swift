import Primitives
import RTPPackets
import SRTPProtection

/// What the header of a packet of the floor says to whom receives it.
struct FloorStamp {
    static let videoType: UInt8 = 96
    static let audioType: UInt8 = 111

    /// The low bits of the time of arrival in nanoseconds since 1970.
    var arrivedAt: UInt32
    var isSound: Bool
    /// Its age is of interest: sound, and the last packet of a picture.
    var isMeasured = false

    init(arrivedAt: Int64, isSound: Bool) {
        self.arrivedAt = UInt32(truncatingIfNeeded: arrivedAt)
        self.isSound = isSound
    }

    /// From the header of a packet; `nil` where there is none.
    @inline(__always)
    init?(reading packet: UnsafeRawBufferPointer) {
        guard packet.count >= 12 else { return nil }
        isMeasured = packet[1] & 0x80 != 0
        isSound = packet[1] & 0x7F == Self.audioType
        arrivedAt = UInt32(bigEndian: packet.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }

    /// Nanoseconds from its arrival to `receivedAt`, which is less than four seconds later.
    func age(at receivedAt: Int64) -> Int64 { Int64(UInt32(truncatingIfNeeded: receivedAt) &- arrivedAt) }
}

/// One viewer's keys and numbers.
final class FloorViewer {
    let number: UInt32
    private let protection: OutboundProtection
    private var sequence: UInt64 = 0

    init?(number: UInt32) {
        self.number = number
        var random = SeededRandom(seed: UInt64(number))
        let profile = SRTPProfile.aeadAES128GCM
        let key = (0..<profile.keyLength).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let salt = (0..<profile.saltLength).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        guard
            let protection = try? OutboundProtection(
                profile: profile,
                masterKey: key.span.bytes,
                masterSalt: salt.span.bytes
            )
        else { return nil }
        self.protection = protection
    }

    @inline(__always)
    func protect(
        _ payload: UnsafeRawBufferPointer,
        _ stamp: FloorStamp,
        into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        var writer = RTPHeaderWriter(into: target)
        writer.writeFixed(
            marker: stamp.isMeasured,
            payloadType: stamp.isSound ? FloorStamp.audioType : FloorStamp.videoType,
            sequenceNumber: UInt16(truncatingIfNeeded: sequence),
            timestamp: stamp.arrivedAt,
            ssrc: number + 1
        )
        let headerLength = writer.finish()
        defer { sequence += 1 }
        return protection.protectRTP(
            headerLength: headerLength,
            payload: payload,
            output: target,
            extendedSequence: sequence,
            ssrc: number + 1
        )
    }
}
