import Primitives

/// Reads bits, most significant first; past the end it answers zeros and remembers that it did.
struct BitReader: ~Escapable {
    private let span: RawSpan
    private let skipsEmulationPrevention: Bool
    private var offset = 0
    private var zeroRun = 0
    private var current: UInt8 = 0
    private var bitsLeft = 0
    /// Whether more bits were asked for than there are.
    private(set) var isExhausted = false

    /// With `skipsEmulationPrevention`, the 3 in 0, 0, 3 is passed over (ITU-T H.264 7.3.1).
    @_lifetime(copy span)
    init(_ span: RawSpan, skipsEmulationPrevention: Bool = false) {
        self.span = span
        self.skipsEmulationPrevention = skipsEmulationPrevention
    }

    mutating func readBit() -> Bool {
        if bitsLeft == 0 { loadByte() }
        guard bitsLeft > 0 else { return false }
        bitsLeft -= 1
        return current >> UInt8(bitsLeft) & 1 != 0
    }

    /// The next `count` bits, at most 32, as a number.
    mutating func read(_ count: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            value = value << 1 | (readBit() ? 1 : 0)
        }
        return value
    }

    mutating func skip(_ count: Int) {
        for _ in 0..<count where !isExhausted {
            if readBit() { continue }
        }
    }

    /// An unsigned Exp-Golomb number (ITU-T H.264 9.1), which is AV1's uvlc() too.
    mutating func readExpGolomb() -> UInt32 {
        var zeros = 0
        while !isExhausted, !readBit() {
            zeros += 1
        }
        guard !isExhausted, zeros < 32 else { return .max }
        return (1 << UInt32(zeros)) - 1 + read(zeros)
    }

    /// A signed Exp-Golomb number, modulo 2^32.
    mutating func readSignedExpGolomb() -> Int32 {
        let code = readExpGolomb()
        let half = Int32(truncatingIfNeeded: (UInt64(code) + 1) / 2)
        return code & 1 == 1 ? half : 0 &- half
    }

    /// A number below `limit` in the AV1 specification's ns(n) form (4.10.7).
    mutating func readNonSymmetric(_ limit: UInt32) -> UInt32 {
        guard limit > 1 else { return 0 }
        let width = UInt32.bitWidth - limit.leadingZeroBitCount
        let short = (UInt32(1) << UInt32(width)) &- limit
        let value = read(width - 1)
        guard value >= short else { return value }
        return value << 1 &- short &+ read(1)
    }

    private mutating func loadByte() {
        if skipsEmulationPrevention, zeroRun >= 2, span.byte(at: offset) == 3 {
            offset += 1
            zeroRun = 0
        }
        guard let byte = span.byte(at: offset) else {
            isExhausted = true
            return
        }
        offset += 1
        zeroRun = byte == 0 ? zeroRun + 1 : 0
        current = byte
        bitsLeft = 8
    }
}
