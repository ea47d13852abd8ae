import Primitives

/// The value of the abs-send-time extension: seconds as 6.18 fixed point in 24 bits, wrapping every 64 s.
package struct AbsoluteSendTime: Sendable, Hashable {
    /// Bytes of the element's data.
    package static let byteCount = 3

    /// The 24-bit value.
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue & 0xFF_FFFF
    }

    /// The value for a packet that leaves at `time`; any steady clock serves.
    package init(_ time: MonotonicTime) {
        let nanoseconds = UInt64(bitPattern: time.nanoseconds) % 64_000_000_000
        self.init(rawValue: UInt32(truncatingIfNeeded: (nanoseconds << 18) / 1_000_000_000))
    }

    /// Reads an element's data; `nil` unless it is three bytes that lie in `packet`.
    package init?(in packet: RawSpan, at range: Range<Int>) {
        guard range.count == Self.byteCount, let high = packet.bigEndianUInt16(at: range.lowerBound),
            let low = packet.byte(at: range.lowerBound + 2)
        else { return nil }
        rawValue = UInt32(high) << 8 | UInt32(low)
    }

    /// Nanoseconds from `earlier` to this value, within half of the 64 s cycle.
    package func nanoseconds(since earlier: AbsoluteSendTime) -> Int64 {
        let difference = (rawValue &- earlier.rawValue) & 0xFF_FFFF
        let steps = difference >= 0x80_0000 ? Int64(difference) - 0x100_0000 : Int64(difference)
        return steps * 1_000_000_000 / (1 << 18)
    }
}
