import COpenSSL
import Primitives

/// The HMAC-SHA1 of RFC 8489 14.5, which covers the message up to its own attribute.
enum MessageIntegrity {
    static let length = 20

    /// The code of `message`, header first and MESSAGE-INTEGRITY not yet there.
    ///
    /// The header's length field is taken to count the attribute that is to follow, whatever stands in it.
    static func code(over message: RawSpan, password: [UInt8]) -> [UInt8] {
        precondition(message.byteCount >= STUNMessage.headerLength)
        let count = message.byteCount
        let declared = UInt16(
            truncatingIfNeeded: count - STUNMessage.headerLength + STUNMessage.integrityAttributeLength
        )
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { copy in
            message.withUnsafeBytes { copy.copyMemory(from: $0) }
            copy[2] = UInt8(truncatingIfNeeded: declared >> 8)
            copy[3] = UInt8(truncatingIfNeeded: declared)
            return [UInt8](unsafeUninitializedCapacity: length) { output, initialized in
                // Safe because HMAC writes the 20 bytes of SHA-1 and reads only within the two buffers.
                let made = HMAC(
                    EVP_sha1(),
                    password,
                    Int32(truncatingIfNeeded: password.count),
                    copy.baseAddress,
                    count,
                    output.baseAddress,
                    nil
                )
                precondition(made != nil, "libcrypto has no SHA-1")
                initialized = length
            }
        }
    }

    /// Compares without telling by its duration where the first difference is.
    static func matches(_ expected: [UInt8], _ stated: RawSpan) -> Bool {
        guard expected.count == length, stated.byteCount == length else { return false }
        return stated.withUnsafeBytes { CRYPTO_memcmp($0.baseAddress, expected, length) == 0 }
    }
}
