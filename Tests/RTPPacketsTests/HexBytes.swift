/// The bytes that `text` spells in hexadecimal; blanks are passed over.
func bytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    precondition(digits.count % 2 == 0, "whole bytes")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Packs bits, most significant first.
struct BitPacker {
    private(set) var bytes: [UInt8] = []
    private var used = 0

    mutating func write(_ value: UInt32, _ count: Int) {
        for index in (0..<count).reversed() {
            if used % 8 == 0 { bytes.append(0) }
            bytes[used / 8] |= UInt8(value >> UInt32(index) & 1) << UInt8(7 - used % 8)
            used += 1
        }
    }
}
