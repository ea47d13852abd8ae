/// Numbers in the form of the AV1 specification's leb128() (4.10.5).
package enum LEB128 {
    /// Reads one of at most 32 bits at `offset` and moves behind it; `nil` if it is longer or cut off.
    package static func decode(_ bytes: [UInt8], advancing offset: inout Int) -> Int? {
        var value: UInt64 = 0
        for index in 0..<8 {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte & 0x80 == 0 { return value <= UInt64(UInt32.max) ? Int(value) : nil }
        }
        return nil
    }

    /// The shortest form of `value`, which is not negative.
    package static func bytes(of value: Int) -> [UInt8] {
        precondition(value >= 0, "\(value) has no leb128 form")
        var rest = value
        var bytes: [UInt8] = []
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest > 0 ? low | 0x80 : low)
        } while rest > 0
        return bytes
    }
}
