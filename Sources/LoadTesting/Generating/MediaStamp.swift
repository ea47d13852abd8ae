import Primitives

/// What generated media says of itself inside its payload: run, publisher, number, and when it left.
///
///      | magic: 4 | run: 3 | publisher: 3 | number: 4 | nanoseconds: 9 | check: 1 |
///
/// Every byte has its highest bit set and the numbers stand in the other seven, most significant first, so that a
/// stamp holds no start code and no byte that an H.264 stream would have to escape.
package struct MediaStamp: Hashable, Sendable {
    package static let byteCount = 24
    /// Numbers above these wrap.
    static let highestRun: UInt32 = 1 << 21 - 1
    static let highestPublisher: UInt32 = 1 << 21 - 1
    static let highestNumber: UInt32 = 1 << 28 - 1

    private static let magic: UInt32 = 0xF4A1_ECD9
    private static let checkOffset = byteCount - 1

    /// Drawn for each run, so that what is left of another one is not taken for this one's.
    package var run: UInt32
    /// The publisher's number in its run.
    package var publisher: UInt32
    /// The frame's or sound packet's number in its track.
    package var number: UInt32
    /// When it left, on the generator's clock that counts suspended time.
    package var sentAt: MonotonicTime

    package init(run: UInt32, publisher: UInt32, number: UInt32, sentAt: MonotonicTime) {
        self.run = run & Self.highestRun
        self.publisher = publisher & Self.highestPublisher
        self.number = number & Self.highestNumber
        self.sentAt = sentAt
    }

    /// Reads a stamp at `offset`; `nil` where none stands.
    @inline(__always)
    init?(reading bytes: RawSpan, at offset: Int) {
        guard offset >= 0, bytes.bigEndianUInt32(at: offset) == Self.magic,
            offset + Self.byteCount <= bytes.byteCount
        else { return nil }
        var check: UInt8 = 0
        run = UInt32(truncatingIfNeeded: Self.number(in: bytes, at: offset + 4, count: 3, &check))
        publisher = UInt32(truncatingIfNeeded: Self.number(in: bytes, at: offset + 7, count: 3, &check))
        number = UInt32(truncatingIfNeeded: Self.number(in: bytes, at: offset + 10, count: 4, &check))
        sentAt = MonotonicTime(
            nanoseconds: Int64(
                truncatingIfNeeded: Self.number(in: bytes, at: offset + 14, count: 9, &check)
            )
        )
        guard bytes.byte(at: offset + Self.checkOffset) == check | 0x80 else { return nil }
    }

    @inline(__always)
    private static func number(in bytes: RawSpan, at start: Int, count: Int, _ check: inout UInt8) -> UInt64 {
        var value: UInt64 = 0
        for offset in start..<(start + count) {
            let byte = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
            check &+= byte
            value = value << 7 | UInt64(byte & 0x7F)
        }
        return value
    }

    /// The stamp's bytes, for media that is made beforehand.
    package var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        bytes.withUnsafeMutableBytes { write(into: $0) }
        return bytes
    }

    /// Writes the stamp over the first bytes of `target`.
    @inline(__always)
    func write(into target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= Self.byteCount, "no room for a stamp")
        target.storeBytes(of: Self.magic.bigEndian, as: UInt32.self)
        var check: UInt8 = 0
        func write(_ value: UInt64, _ start: Int, _ count: Int) {
            for index in 0..<count {
                let byte = 0x80 | UInt8(truncatingIfNeeded: value >> UInt64(7 * (count - 1 - index)))
                target[start + index] = byte
                check &+= byte
            }
        }
        write(UInt64(run), 4, 3)
        write(UInt64(publisher), 7, 3)
        write(UInt64(number), 10, 4)
        write(UInt64(bitPattern: sentAt.nanoseconds), 14, 9)
        target[Self.checkOffset] = check | 0x80
    }
}
