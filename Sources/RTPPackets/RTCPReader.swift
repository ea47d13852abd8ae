import Primitives

/// Walks the packets of a compound or reduced-size RTCP datagram (RFC 3550 6.1, RFC 5506).
///
/// `var reader = RTCPReader(span); while let packet = reader.next() { ... }`. What is malformed ends the walk
/// and sets `isMalformed`; the packets before it stand. The first packet may be of any kind.
package struct RTCPReader: ~Escapable {
    private let span: RawSpan
    private var offset = 0
    /// Whether the walk ended at bytes that are no RTCP packet.
    package private(set) var isMalformed = false

    /// `span` is a decrypted datagram without SRTCP index and tag.
    @_lifetime(copy span)
    package init(_ span: RawSpan) {
        self.span = span
        isMalformed = span.byteCount == 0
    }

    /// The next packet, or `nil` at the end or at malformed bytes.
    @_lifetime(copy self)
    package mutating func next() -> RTCPPacketView? {
        guard !isMalformed, offset < span.byteCount else { return nil }
        // RFC 3550 6.4.1: V=2, P, count or format; packet type; length in words minus one.
        guard let first = span.byte(at: offset), let type = span.byte(at: offset + 1),
            let words = span.bigEndianUInt16(at: offset + 2), first >> 6 == 2
        else {
            isMalformed = true
            return nil
        }
        let end = offset + 4 * (Int(words) + 1)
        guard end <= span.byteCount else {
            isMalformed = true
            return nil
        }
        var bodyEnd = end
        if first & 0x20 != 0 {
            guard let padding = span.byte(at: end - 1), padding > 0,
                Int(padding) <= end - offset - RTCPFormat.headerByteCount
            else {
                isMalformed = true
                return nil
            }
            bodyEnd -= Int(padding)
        }
        let packet = span.extracting(offset..<bodyEnd)
        guard let view = RTCPPacketView(packet, type: type, count: first & 0x1F) else {
            isMalformed = true
            return nil
        }
        offset = end
        return view
    }
}
