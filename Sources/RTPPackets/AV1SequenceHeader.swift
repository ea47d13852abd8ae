import Primitives

/// The largest frame size in a sequence header OBU (AV1 5.5.1).
package struct AV1SequenceHeader: Sendable, Equatable {
    package let width: UInt16
    package let height: UInt16

    /// Reads the OBU behind its header and size; `nil` if it is cut off.
    package init?(parsing unit: RawSpan) {
        var bits = BitReader(unit)
        bits.skip(4)
        if bits.readBit() {
            bits.skip(5)
        } else {
            Self.skipOperatingPoints(&bits)
        }
        let widthBits = Int(bits.read(4)) + 1
        let heightBits = Int(bits.read(4)) + 1
        let largestX = bits.read(widthBits)
        let largestY = bits.read(heightBits)
        guard !bits.isExhausted, largestX < 0xFFFF, largestY < 0xFFFF else { return nil }
        width = UInt16(truncatingIfNeeded: largestX + 1)
        height = UInt16(truncatingIfNeeded: largestY + 1)
    }

    private static func skipOperatingPoints(_ bits: inout BitReader) {
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
        for _ in 0..<points {
            bits.skip(12)
            if bits.read(5) > 7 { bits.skip(1) }
            if let delayBits, bits.readBit() { bits.skip(2 * delayBits + 1) }
            if hasDisplayDelay, bits.readBit() { bits.skip(4) }
        }
    }
}
