import Primitives

/// The start of a VP8 frame (RFC 6386 9.1): whether it is a keyframe, and its size then.
package struct VP8FrameHeader: Sendable, Equatable {
    package let isKeyframe: Bool
    /// 0 unless a keyframe.
    package private(set) var width = 0
    package private(set) var height = 0

    /// Reads the first bytes of a frame; `nil` if it is cut off, or a keyframe without its start code.
    package init?(parsing frame: RawSpan) {
        guard let first = frame.byte(at: 0) else { return nil }
        isKeyframe = first & 1 == 0
        guard isKeyframe else { return }
        guard frame.bigEndianUInt16(at: 3) == 0x9D01, frame.byte(at: 5) == 0x2A,
            let width = frame.bigEndianUInt16(at: 6), let height = frame.bigEndianUInt16(at: 8)
        else { return nil }
        // Little-endian, with the scaling in the upper two bits.
        self.width = Int(width.byteSwapped & 0x3FFF)
        self.height = Int(height.byteSwapped & 0x3FFF)
    }
}
