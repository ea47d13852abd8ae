import Primitives

/// The CRC of ITU V.42 (reflected 0x04C11DB7), as FINGERPRINT uses it (RFC 8489 14.7).
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in
            value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
        }
    }

    static func checksum(of bytes: RawSpan) -> UInt32 {
        var value = UInt32.max
        let table = Self.table
        for offset in 0..<bytes.byteCount {
            // Safe because the offset is within the span and any byte is a UInt8.
            let byte = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt8.self)
            value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ value >> 8
        }
        return ~value
    }
}
