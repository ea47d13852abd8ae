import MediaCodecs
import Primitives
import RTPPackets

/// The configuration record of an AV1 stream (AV1 Codec ISO Media File Format Binding 2.3.3, av1C).
package struct AV1Configuration: Hashable, Sendable {
    package let width: Int
    package let height: Int
    package let bytes: [UInt8]

    /// Takes the sequence header out of a temporal unit; `nil` if it has none.
    package init?(_ unit: AV1TemporalUnit) {
        let whole = unit.sequenceHeader
        guard let header = whole.first else { return nil }
        var offset = header & 0x04 != 0 ? 2 : 1
        guard LEB128.decode(whole, advancing: &offset) != nil,
            let sequence = AV1SequenceHeader(parsing: Array(whole[offset...]).span.bytes)
        else { return nil }
        (width, height) = (Int(sequence.width), Int(sequence.height))
        let color = sequence.color
        func bit(_ value: Bool, _ place: UInt8) -> UInt8 { value ? 1 << place : 0 }
        var flags = bit(sequence.isHighTier, 7) | bit(color.hasHighBitDepth, 6) | bit(color.isTwelveBit, 5)
        flags |= bit(color.isMonochrome, 4) | bit(color.isSubsampledX, 3) | bit(color.isSubsampledY, 2)
        flags |= color.samplePosition
        // Marker and version, profile and level, the flags, no presentation delay, then the OBU itself.
        bytes = [0x81, sequence.profile << 5 | sequence.level, flags, 0] + whole
    }
}
