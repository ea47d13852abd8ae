import Primitives

/// The VP8 payload descriptor and, at a frame's start, the payload header (RFC 7741 4.2 and 4.3).
///
/// ```
///      |X|R|N|S|R| PID |
///  X:  |I|L|T|K| RSV   |
///  I:  |M| PictureID   |  M: 8 more bits
///  L:  |   TL0PICIDX   |
/// T/K: |TID|Y| KEYIDX  |
/// ```
package struct VP8Descriptor: Sendable, Equatable {
    package private(set) var index = PictureIndex()
    /// `nil` without the T bit.
    package private(set) var temporalLayer: UInt8?
    /// Y: the frame depends on the base layer only.
    package private(set) var isLayerSync = false
    /// `nil` without the K bit.
    package private(set) var keyIndex: UInt8?
    /// N: no other frame refers to this one.
    package let isNonReference: Bool
    /// S: a partition starts here.
    package let startsPartition: Bool
    package let partitionIndex: UInt8
    /// Bytes of the descriptor: where the VP8 payload begins.
    package private(set) var byteCount: Int

    /// Reads the descriptor; `nil` if it runs past the payload or nothing follows it.
    package init?(parsing payload: RawSpan) {
        guard let first = payload.byte(at: 0) else { return nil }
        isNonReference = first & 0x20 != 0
        startsPartition = first & 0x10 != 0
        partitionIndex = first & 0x07
        byteCount = 1
        if first & 0x80 != 0 {
            guard let flags = payload.byte(at: 1) else { return nil }
            byteCount = 2
            if flags & 0x80 != 0 {
                guard let width = index.readPictureID(in: payload, at: byteCount) else { return nil }
                byteCount += width
            }
            if flags & 0x40 != 0 {
                guard index.readTL0PicIdx(in: payload, at: byteCount) else { return nil }
                byteCount += 1
            }
            if flags & 0x30 != 0 {
                guard let byte = payload.byte(at: byteCount) else { return nil }
                if flags & 0x20 != 0 {
                    temporalLayer = byte >> 6
                    isLayerSync = byte & 0x20 != 0
                }
                if flags & 0x10 != 0 { keyIndex = byte & 0x1F }
                byteCount += 1
            }
        }
        guard payload.byteCount > byteCount else { return nil }
    }

    /// Whether the payload begins a frame: the start of partition 0.
    package var startsFrame: Bool { startsPartition && partitionIndex == 0 }

    /// Whether `payload`, which this was read from, begins a keyframe: P of the payload header is 0.
    package func startsKeyframe(in payload: RawSpan) -> Bool {
        guard startsFrame, let first = payload.byte(at: byteCount) else { return false }
        return first & 0x01 == 0
    }

    /// The picture size that a keyframe's header carries (RFC 6386 9.1); `nil` if it is not whole.
    package func keyframeSize(in payload: RawSpan) -> (width: UInt16, height: UInt16)? {
        guard startsKeyframe(in: payload), payload.bigEndianUInt16(at: byteCount + 3) == 0x9D01,
            payload.byte(at: byteCount + 5) == 0x2A,
            let width = payload.bigEndianUInt16(at: byteCount + 6),
            let height = payload.bigEndianUInt16(at: byteCount + 8)
        else { return nil }
        return (width.byteSwapped & 0x3FFF, height.byteSwapped & 0x3FFF)
    }
}

extension PictureIndex {
    /// Reads a picture id of 7 or 15 bits at `offset`; answers its width in bytes.
    mutating func readPictureID(in payload: RawSpan, at offset: Int) -> Int? {
        guard let first = payload.byte(at: offset) else { return nil }
        pictureIDOffset = UInt8(truncatingIfNeeded: offset)
        guard first & 0x80 != 0 else {
            pictureID = UInt16(first)
            return 1
        }
        guard let both = payload.bigEndianUInt16(at: offset) else { return nil }
        isPictureIDLong = true
        pictureID = both & 0x7FFF
        return 2
    }

    /// Reads TL0PICIDX at `offset`; `false` past the end.
    mutating func readTL0PicIdx(in payload: RawSpan, at offset: Int) -> Bool {
        guard let byte = payload.byte(at: offset) else { return false }
        tl0PicIdx = byte
        tl0PicIdxOffset = UInt8(truncatingIfNeeded: offset)
        return true
    }
}
