import Primitives

/// Walks the sequence numbers of a generic NACK: each PID, then the bits of its BLP (RFC 4585 6.2.1).
package struct LostSequences: ~Escapable {
    private let span: RawSpan
    private var offset: Int
    private var base: UInt16 = 0
    /// Bits still to be answered; bit `n` is `base + n`.
    private var pending: UInt32 = 0

    @_lifetime(copy span)
    init(_ span: RawSpan, isPresent: Bool) {
        self.span = span
        offset = isPresent ? RTCPFormat.feedbackHeaderByteCount : span.byteCount
    }

    /// The next lost sequence number, or `nil` after the last.
    package mutating func next() -> UInt16? {
        if pending == 0 {
            guard let packetID = span.bigEndianUInt16(at: offset),
                let bitmask = span.bigEndianUInt16(at: offset + 2)
            else { return nil }
            offset += 4
            base = packetID
            pending = UInt32(bitmask) << 1 | 1
        }
        let bit = pending.trailingZeroBitCount
        pending &= pending &- 1
        return base &+ UInt16(truncatingIfNeeded: bit)
    }
}
