import Primitives

/// Writes an RTP header straight into a send buffer: the fixed part, then extension elements, then `finish`.
///
/// Elements are written in the one-byte form until one needs the two-byte form (longer than 16 bytes,
/// empty, or numbered above 14); those already written are then widened in place. The caller's buffer must
/// outlive the writer.
package struct RTPHeaderWriter: ~Copyable {
    private let buffer: UnsafeMutableRawBufferPointer
    private let allowsTwoByteForm: Bool
    private var isTwoByte = false
    private var elementCount = 0
    private var end = RTPHeader.fixedByteCount

    /// Where the first element stands: behind the fixed header and the extension's own four bytes.
    private static let bodyOffset = RTPHeader.fixedByteCount + 4

    /// `buffer` has room for at least the fixed header.
    ///
    /// Without `allowsTwoByteForm` (RFC 8285 4.1.2 wants it
    /// negotiated as `extmap-allow-mixed`), an element that needs the two-byte form is refused.
    package init(into buffer: UnsafeMutableRawBufferPointer, allowsTwoByteForm: Bool = true) {
        precondition(buffer.count >= RTPHeader.fixedByteCount, "no room for an RTP header")
        self.buffer = buffer
        self.allowsTwoByteForm = allowsTwoByteForm
    }

    /// Writes the 12 bytes of the fixed header (RFC 3550 5.1), without contributing sources.
    package mutating func writeFixed(
        marker: Bool,
        payloadType: UInt8,
        sequenceNumber: UInt16,
        timestamp: UInt32,
        ssrc: UInt32,
        hasPadding: Bool = false
    ) {
        buffer[0] = hasPadding ? 0xA0 : 0x80
        buffer[1] = (marker ? 0x80 : 0) | (payloadType & 0x7F)
        buffer.storeBytes(of: sequenceNumber.bigEndian, toByteOffset: 2, as: UInt16.self)
        buffer.storeBytes(of: timestamp.bigEndian, toByteOffset: 4, as: UInt32.self)
        buffer.storeBytes(of: ssrc.bigEndian, toByteOffset: 8, as: UInt32.self)
    }

    /// Appends an element; `false`, with nothing written, if it does not fit or its form is not allowed.
    package mutating func appendExtension(id: UInt8, bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = reserve(id: id, byteCount: bytes.count) else { return false }
        UnsafeMutableRawBufferPointer(rebasing: buffer[start..<end]).copyMemory(from: bytes)
        return true
    }

    /// Appends an element copied from `range` of another packet.
    package mutating func appendExtension(id: UInt8, copying range: Range<Int>, of packet: RawSpan) -> Bool {
        guard range.lowerBound >= 0, range.upperBound <= packet.byteCount else { return false }
        return packet.withUnsafeBytes { bytes in
            appendExtension(id: id, bytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    /// Appends an element that is a big-endian number: the low `byteCount` (1 to 4) bytes of `value`.
    package mutating func appendExtension(id: UInt8, value: UInt32, byteCount: Int) -> Bool {
        precondition((1...4).contains(byteCount), "a number of 1 to 4 bytes")
        guard let start = reserve(id: id, byteCount: byteCount) else { return false }
        for index in 0..<byteCount {
            let shift = UInt32(8 * (byteCount - 1 - index))
            buffer[start + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
        return true
    }

    /// Closes the extension block and answers the header's length in bytes: where the payload goes.
    package mutating func finish() -> Int {
        guard elementCount > 0 else { return RTPHeader.fixedByteCount }
        while end % 4 != 0 {
            buffer[end] = 0
            end += 1
        }
        let profile = isTwoByte ? RTPHeaderExtensions.twoByteProfile : RTPHeaderExtensions.oneByteProfile
        let words = UInt16(truncatingIfNeeded: (end - Self.bodyOffset) / 4)
        buffer[0] |= 0x10
        buffer.storeBytes(of: profile.bigEndian, toByteOffset: 12, as: UInt16.self)
        buffer.storeBytes(of: words.bigEndian, toByteOffset: 14, as: UInt16.self)
        return end
    }

    /// Writes an element's own header and answers where its data goes.
    private mutating func reserve(id: UInt8, byteCount: Int) -> Int? {
        guard id > 0, byteCount <= 255 else { return nil }
        let needsTwoBytes =
            byteCount == 0 || byteCount > RTPHeaderExtensions.oneByteMaximumByteCount
            || id > RTPHeaderExtensions.oneByteMaximumID
        guard allowsTwoByteForm || !needsTwoBytes else { return nil }
        let widens = needsTwoBytes && !isTwoByte
        let from = elementCount == 0 ? Self.bodyOffset : end
        let ownHeader = needsTwoBytes || isTwoByte ? 2 : 1
        let newEnd = from + (widens ? elementCount : 0) + ownHeader + byteCount
        // `finish` pads to a multiple of four, so the room for that is asked for here.
        guard (newEnd + 3) & ~3 <= buffer.count else { return nil }
        end = from
        if widens { widen() }
        if isTwoByte {
            buffer[end] = id
            buffer[end + 1] = UInt8(truncatingIfNeeded: byteCount)
        } else {
            buffer[end] = id << 4 | UInt8(truncatingIfNeeded: byteCount - 1)
        }
        elementCount += 1
        end = newEnd
        return newEnd - byteCount
    }

    /// Turns the elements written so far into the two-byte form; the room was asked for.
    private mutating func widen() {
        isTwoByte = true
        var offset = Self.bodyOffset
        for _ in 0..<elementCount {
            let first = buffer[offset]
            let count = Int(first & 0x0F) + 1
            var index = end
            while index > offset + 1 {
                buffer[index] = buffer[index - 1]
                index -= 1
            }
            buffer[offset] = first >> 4
            buffer[offset + 1] = UInt8(truncatingIfNeeded: count)
            end += 1
            offset += 2 + count
        }
    }
}
