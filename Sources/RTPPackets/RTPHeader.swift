import Primitives

/// Why bytes are not an RTP packet.
package enum RTPParseError: UInt8, Error, Sendable, CaseIterable {
    /// Fewer bytes than the fixed header and the CSRC list need.
    case truncatedHeader
    /// The version is not 2.
    case wrongVersion
    /// The extension's length runs past the packet.
    case truncatedExtension
    /// The padding count is 0 or larger than what follows the header.
    case badPadding
}

/// The header of one RTP packet as plain values and offsets into the packet (RFC 3550 5.1, RFC 8285).
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// |                           timestamp                           |
/// |                             SSRC                              |
/// |                         CSRC (0 to 15)                        |
/// |      extension profile        |     length in 32-bit words    |
/// ```
package struct RTPHeader: Sendable, Equatable {
    /// Bytes of the header without CSRC list and extension.
    package static let fixedByteCount = 12

    package let timestamp: UInt32
    package let ssrc: UInt32
    package let sequenceNumber: UInt16
    /// The profile word of the extension; `nil` without one.
    package let extensionProfile: UInt16?
    package let payloadType: UInt8
    package let csrcCount: UInt8
    package let marker: Bool
    package let hasPadding: Bool
    /// Where the extension's body lies in the packet; empty without one.
    package let extensionRange: Range<Int>
    /// Bytes of the whole header: where the payload begins.
    package let payloadOffset: Int

    /// Reads the header and nothing behind it, so protected packets are as good as plain ones.
    package init(parsing packet: RawSpan) throws(RTPParseError) {
        guard let first = packet.byte(at: 0), let second = packet.byte(at: 1),
            let sequenceNumber = packet.bigEndianUInt16(at: 2),
            let timestamp = packet.bigEndianUInt32(at: 4), let ssrc = packet.bigEndianUInt32(at: 8)
        else { throw .truncatedHeader }
        guard first >> 6 == 2 else { throw .wrongVersion }
        csrcCount = first & 0x0F
        hasPadding = first & 0x20 != 0
        marker = second & 0x80 != 0
        payloadType = second & 0x7F
        self.sequenceNumber = sequenceNumber
        self.timestamp = timestamp
        self.ssrc = ssrc

        let afterSources = Self.fixedByteCount + 4 * Int(csrcCount)
        guard packet.byteCount >= afterSources else { throw .truncatedHeader }
        if first & 0x10 != 0 {
            guard let profile = packet.bigEndianUInt16(at: afterSources),
                let words = packet.bigEndianUInt16(at: afterSources + 2)
            else { throw .truncatedExtension }
            let start = afterSources + 4
            let end = start + 4 * Int(words)
            guard packet.byteCount >= end else { throw .truncatedExtension }
            extensionProfile = profile
            extensionRange = start..<end
            payloadOffset = end
        } else {
            extensionProfile = nil
            extensionRange = afterSources..<afterSources
            payloadOffset = afterSources
        }
    }

    /// The padding bytes at the end of a plaintext packet, 0 without any; `nil` if the packet is malformed.
    package static func paddingLength(of packet: RawSpan) -> Int? {
        guard let header = try? RTPHeader(parsing: packet),
            let payload = try? header.payloadRange(in: packet)
        else { return nil }
        return packet.byteCount - payload.upperBound
    }

    /// Where the payload lies in `plaintext`, the packet this header was read from, without its padding.
    ///
    /// An empty range is legal: a packet of padding only.
    package func payloadRange(in plaintext: RawSpan) throws(RTPParseError) -> Range<Int> {
        let count = plaintext.byteCount
        guard payloadOffset <= count else { throw .truncatedHeader }
        guard hasPadding else { return payloadOffset..<count }
        // RFC 3550 5.1: the last octet counts the padding, itself included.
        guard let padding = plaintext.byte(at: count - 1), padding > 0,
            Int(padding) <= count - payloadOffset
        else { throw .badPadding }
        return payloadOffset..<(count - Int(padding))
    }
}
