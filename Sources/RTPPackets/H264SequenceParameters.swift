import Primitives

/// Profile, picture size and sample format in a sequence parameter set (ITU-T H.264 7.3.2.1.1).
package struct H264SequenceParameters: Sendable, Equatable {
    package let profile: UInt8
    package let constraints: UInt8
    package let level: UInt8
    package let width: UInt16
    package let height: UInt16
    /// chroma_format_idc: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    package private(set) var chromaFormat: UInt8 = 1
    /// Bits a sample, 8 to 14.
    package private(set) var lumaBits: UInt8 = 8
    package private(set) var chromaBits: UInt8 = 8

    /// The most entries of a picture order count cycle.
    private static let maximumOrderCountCycle: UInt32 = 255

    /// Whether the profile's parameter set states a chroma format.
    package static func statesChromaFormat(_ profile: UInt8) -> Bool {
        switch profile {
        case 44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244: true
        default: false
        }
    }

    /// Reads the unit behind its one-byte NAL header; `nil` if it is cut off or its size is absurd.
    package init?(parsing unit: RawSpan) {
        var bits = BitReader(unit, skipsEmulationPrevention: true)
        profile = UInt8(truncatingIfNeeded: bits.read(8))
        constraints = UInt8(truncatingIfNeeded: bits.read(8))
        level = UInt8(truncatingIfNeeded: bits.read(8))
        _ = bits.readExpGolomb()
        var chromaFormat: UInt32 = 1
        if Self.statesChromaFormat(profile) {
            chromaFormat = bits.readExpGolomb()
            guard chromaFormat <= 3 else { return nil }
            self.chromaFormat = UInt8(truncatingIfNeeded: chromaFormat)
            if chromaFormat == 3, bits.readBit() { chromaFormat = 0 }
            let (luma, chroma) = (bits.readExpGolomb(), bits.readExpGolomb())
            guard luma <= 6, chroma <= 6 else { return nil }
            (lumaBits, chromaBits) = (8 + UInt8(luma), 8 + UInt8(chroma))
            bits.skip(1)
            if bits.readBit() { Self.skipScalingLists(&bits, count: chromaFormat == 3 ? 12 : 8) }
        }
        _ = bits.readExpGolomb()
        switch bits.readExpGolomb() {
        case 0:
            _ = bits.readExpGolomb()
        case 1:
            bits.skip(1)
            _ = bits.readSignedExpGolomb()
            _ = bits.readSignedExpGolomb()
            let cycle = bits.readExpGolomb()
            guard cycle <= Self.maximumOrderCountCycle else { return nil }
            for _ in 0..<cycle { _ = bits.readSignedExpGolomb() }
        default:
            break
        }
        _ = bits.readExpGolomb()
        bits.skip(1)
        let columns = bits.readExpGolomb()
        let rows = bits.readExpGolomb()
        let fields: UInt32 = bits.readBit() ? 1 : 2
        if fields == 2 { bits.skip(1) }
        bits.skip(1)
        // 4096 macroblocks a side are 65536 pixels, more than any level allows.
        guard columns < 4096, rows < 4096 else { return nil }
        var cropX: UInt64 = 0
        var cropY: UInt64 = 0
        if bits.readBit() {
            cropX = UInt64(bits.readExpGolomb()) + UInt64(bits.readExpGolomb())
            cropY = UInt64(bits.readExpGolomb()) + UInt64(bits.readExpGolomb())
        }
        guard !bits.isExhausted else { return nil }
        cropX *= chromaFormat == 1 || chromaFormat == 2 ? 2 : 1
        cropY *= UInt64(chromaFormat == 1 ? 2 * fields : fields)
        let fullWidth = UInt64(columns + 1) * 16
        let fullHeight = UInt64((rows + 1) * fields) * 16
        guard cropX < fullWidth, cropY < fullHeight, fullWidth - cropX <= 0xFFFF,
            fullHeight - cropY <= 0xFFFF
        else { return nil }
        width = UInt16(truncatingIfNeeded: fullWidth - cropX)
        height = UInt16(truncatingIfNeeded: fullHeight - cropY)
    }

    private static func skipScalingLists(_ bits: inout BitReader, count: Int) {
        for list in 0..<count where bits.readBit() {
            var last: Int32 = 8
            var next: Int32 = 8
            for _ in 0..<(list < 6 ? 16 : 64) {
                if next != 0 {
                    // The sum of two remainders of 256, so that the absurd cannot overflow.
                    next = (last + bits.readSignedExpGolomb() % 256 + 512) % 256
                }
                last = next == 0 ? last : next
            }
        }
    }
}
