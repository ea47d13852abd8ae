import Disclosures
import MediaRings
import Primitives
import RTPPackets

extension Forwarder {
    /// Writes the header of a packet of media; answers its length.
    func writeHeader(
        _ line: Int,
        _ packet: RingPacket,
        _ descriptor: UnsafeRawBufferPointer,
        payloadType: UInt8,
        ssrc: UInt32,
        sequence: Int64,
        timestamp: UInt32,
        repeatsMid: Bool,
        carried: CarriedConsent,
        isPadded: Bool,
        into space: UnsafeMutableRawBufferPointer
    ) -> Int {
        var writer = RTPHeaderWriter(
            into: space,
            allowsTwoByteForm: lines[line].parameters.allowsTwoByteExtensions
        )
        writer.writeFixed(
            marker: packet.marker,
            payloadType: payloadType,
            sequenceNumber: UInt16(truncatingIfNeeded: sequence),
            timestamp: timestamp,
            ssrc: ssrc,
            hasPadding: isPadded
        )
        if repeatsMid { appendMid(line, to: &writer) }
        if lines[line].parameters.absoluteSendTimeExtension != 0 {
            _ = writer.appendExtension(
                id: lines[line].parameters.absoluteSendTimeExtension,
                value: AbsoluteSendTime(packet.arrival).rawValue,
                byteCount: AbsoluteSendTime.byteCount
            )
        }
        if let level = packet.audioLevel, lines[line].parameters.audioLevelExtension != 0 {
            _ = writer.appendExtension(
                id: lines[line].parameters.audioLevelExtension,
                value: UInt32(level),
                byteCount: 1
            )
        }
        if let orientation = packet.orientation, lines[line].parameters.orientationExtension != 0 {
            _ = writer.appendExtension(
                id: lines[line].parameters.orientationExtension,
                value: UInt32(orientation),
                byteCount: 1
            )
        }
        if lines[line].parameters.consentExtension != 0 {
            _ = writer.appendExtension(
                id: lines[line].parameters.consentExtension,
                value: UInt32(carried.rawValue),
                byteCount: 1
            )
        }
        if !descriptor.isEmpty, lines[line].parameters.dependencyDescriptorExtension != 0 {
            _ = writer.appendExtension(
                id: lines[line].parameters.dependencyDescriptorExtension,
                bytes: descriptor
            )
        }
        return writer.finish()
    }

    func appendMid(_ line: Int, to writer: inout RTPHeaderWriter) {
        guard lines[line].parameters.midExtension != 0, !lines[line].parameters.mid.isEmpty else { return }
        lines[line].parameters.mid.withUnsafeBytes { bytes in
            _ = writer.appendExtension(id: lines[line].parameters.midExtension, bytes: bytes)
        }
    }
}
