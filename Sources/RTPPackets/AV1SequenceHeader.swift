import Primitives

/// What a sequence header OBU says of the stream (AV1 5.5.1, 5.5.2).
package struct AV1SequenceHeader: Sendable, Equatable {
    /// The largest frame size.
    package let width: UInt16
    package let height: UInt16
    /// seq_profile.
    package let profile: UInt8
    /// seq_level_idx of the first operating point.
    package private(set) var level: UInt8 = 0
    /// seq_tier of the first operating point.
    package private(set) var isHighTier = false
    /// The stream is one still picture with short headers.
    package let isReducedStillPicture: Bool
    package private(set) var color = AV1ColorConfiguration()

    /// Reads the OBU behind its header and size; `nil` if it is cut off.
    package init?(parsing unit: RawSpan) {
        var bits = BitReader(unit)
        profile = UInt8(truncatingIfNeeded: bits.read(3))
        bits.skip(1)
        isReducedStillPicture = bits.readBit()
        if isReducedStillPicture {
            level = UInt8(truncatingIfNeeded: bits.read(5))
        } else {
            (level, isHighTier) = Self.readOperatingPoints(&bits)
        }
        let widthBits = Int(bits.read(4)) + 1
        let heightBits = Int(bits.read(4)) + 1
        let largestX = bits.read(widthBits)
        let largestY = bits.read(heightBits)
        guard !bits.isExhausted, largestX < 0xFFFF, largestY < 0xFFFF else { return nil }
        width = UInt16(truncatingIfNeeded: largestX + 1)
        height = UInt16(truncatingIfNeeded: largestY + 1)
        Self.skipTools(&bits, isReduced: isReducedStillPicture)
        color = AV1ColorConfiguration(reading: &bits, profile: profile)
        // What is cut off behind the size leaves the colours of most streams.
        if bits.isExhausted { color = AV1ColorConfiguration() }
    }

    /// Level and tier of the first of them.
    private static func readOperatingPoints(_ bits: inout BitReader) -> (UInt8, Bool) {
        var delayBits: Int?
        if bits.readBit() {
            bits.skip(64)
            if bits.readBit() { _ = bits.readExpGolomb() }
            if bits.readBit() {
                delayBits = Int(bits.read(5)) + 1
                bits.skip(32 + 5 + 5)
            }
        }
        let hasDisplayDelay = bits.readBit()
        let points = bits.read(5) + 1
        var first: (UInt8, Bool) = (0, false)
        for point in 0..<points {
            bits.skip(12)
            let level = UInt8(truncatingIfNeeded: bits.read(5))
            let isHighTier = level > 7 && bits.readBit()
            if point == 0 { first = (level, isHighTier) }
            if let delayBits, bits.readBit() { bits.skip(2 * delayBits + 1) }
            if hasDisplayDelay, bits.readBit() { bits.skip(4) }
        }
        return first
    }

    /// From frame_id_numbers_present_flag to enable_restoration.
    private static func skipTools(_ bits: inout BitReader, isReduced: Bool) {
        if !isReduced, bits.readBit() { bits.skip(4 + 3) }
        bits.skip(3)
        if !isReduced {
            bits.skip(4)
            let hasOrderHint = bits.readBit()
            if hasOrderHint { bits.skip(2) }
            let choosesScreenContent = bits.readBit()
            let usesScreenContent = choosesScreenContent || bits.readBit()
            if usesScreenContent, !bits.readBit() { bits.skip(1) }
            if hasOrderHint { bits.skip(3) }
        }
        bits.skip(3)
    }
}

/// The colours of an AV1 stream, as far as they decide how it is decoded (AV1 5.5.2).
package struct AV1ColorConfiguration: Sendable, Equatable {
    package private(set) var hasHighBitDepth = false
    package private(set) var isTwelveBit = false
    package private(set) var isMonochrome = false
    package private(set) var isSubsampledX = true
    package private(set) var isSubsampledY = true
    /// chroma_sample_position, 2 bits.
    package private(set) var samplePosition: UInt8 = 0

    /// Eight bits and 4:2:0, as nearly every live stream has.
    init() {}

    init(reading bits: inout BitReader, profile: UInt8) {
        hasHighBitDepth = bits.readBit()
        isTwelveBit = profile == 2 && hasHighBitDepth && bits.readBit()
        isMonochrome = profile != 1 && bits.readBit()
        var isIdentity = false
        if bits.readBit() {
            // BT.709 primaries, sRGB transfer, identity matrix.
            isIdentity = bits.read(24) == 0x01_0D_00
        }
        if isMonochrome { return }
        if isIdentity {
            (isSubsampledX, isSubsampledY) = (false, false)
            return
        }
        bits.skip(1)
        switch profile {
        case 0: break
        case 1: (isSubsampledX, isSubsampledY) = (false, false)
        default:
            isSubsampledX = !isTwelveBit || bits.readBit()
            isSubsampledY = isTwelveBit && isSubsampledX && bits.readBit()
        }
        if isSubsampledX, isSubsampledY { samplePosition = UInt8(truncatingIfNeeded: bits.read(2)) }
    }
}
