import Primitives

/// What unprotecting needs of an RTP header (RFC 3550 5.1, 5.3.1), none of it authenticated yet.
struct SRTPHeader {
    let sequence: UInt16
    let source: UInt32
    /// Bytes in the clear: the fixed header, the CSRC list and the header extension.
    let length: Int

    /// `nil` unless this is version 2 and long enough for what its first byte announces.
    init?(_ packet: RawSpan) {
        guard
            let first = packet.byte(at: 0), first >> 6 == 2,
            let sequence = packet.bigEndianUInt16(at: 2),
            let source = packet.bigEndianUInt32(at: 8)
        else { return nil }
        var length = 12 + 4 * Int(first & 0x0F)
        if first & 0x10 != 0 {
            guard let words = packet.bigEndianUInt16(at: length + 2) else { return nil }
            length += 4 + 4 * Int(words)
        }
        guard length <= packet.byteCount else { return nil }
        self.sequence = sequence
        self.source = source
        self.length = length
    }
}
