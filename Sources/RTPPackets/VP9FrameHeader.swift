import Primitives

/// The start of a VP9 frame (VP9 bitstream specification 6.2): whether it is a keyframe, and its size then.
package struct VP9FrameHeader: Sendable, Equatable {
    package let isKeyframe: Bool
    /// 0 unless a keyframe.
    package private(set) var width = 0
    package private(set) var height = 0

    /// Reads the first bytes of a frame; `nil` if it is none, or cut off.
    package init?(parsing frame: RawSpan) {
        var bits = BitReader(frame)
        guard bits.read(2) == 2 else { return nil }
        let low = bits.read(1)
        let profile = bits.read(1) << 1 | low
        if profile == 3 { bits.skip(1) }
        let showsExisting = bits.readBit()
        guard !bits.isExhausted else { return nil }
        isKeyframe = !showsExisting && !bits.readBit()
        guard isKeyframe else { return }
        bits.skip(2)
        guard bits.read(24) == 0x49_83_42 else { return nil }
        if profile >= 2 { bits.skip(1) }
        let isRGB = bits.read(3) == 7
        if !isRGB { bits.skip(1) }
        if profile == 1 || profile == 3 { bits.skip(isRGB ? 1 : 3) }
        width = Int(bits.read(16)) + 1
        height = Int(bits.read(16)) + 1
        guard !bits.isExhausted else { return nil }
    }
}
