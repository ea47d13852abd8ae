import COpenSSL

/// What one master key yields for RTP or for RTCP (RFC 3711 4.3).
struct SessionKeys: ~Copyable {
    /// The first label of a set (RFC 3711 4.3.1, 4.3.2): encryption; authentication and salt are one and two more.
    enum Kind: UInt8 {
        case rtp = 0
        case rtcp = 3
    }

    /// HMAC-SHA1 keys are 160 bits (RFC 3711 5.2).
    static let authenticationKeyLength = 20

    private static let saltOffset = 16
    private static let authenticationOffset = 32

    // key (16) | salt, with zeros behind it (16) | authentication key (20)
    private let bytes = SecretBytes(count: 52)

    /// 16 bytes.
    var encryptionKey: UnsafeRawPointer { UnsafeRawPointer(bytes.base) }
    /// 16 bytes: the salt and zeros behind it.
    var paddedSalt: UnsafeRawPointer { UnsafeRawPointer(bytes.base + Self.saltOffset) }
    /// 20 bytes; zeros in a profile without HMAC.
    var authenticationKey: UnsafeRawPointer { UnsafeRawPointer(bytes.base + Self.authenticationOffset) }

    /// Derives by AES in counter mode with a key derivation rate of zero (RFC 3711 4.3.1 and 4.3.3,
    /// RFC 7714 11).
    init(
        _ kind: Kind,
        profile: SRTPProfile,
        masterKey: RawSpan,
        masterSalt: RawSpan
    ) throws(ProtectionKeyError) {
        guard masterKey.byteCount == profile.keyLength else {
            throw .wrongLength(expected: profile.keyLength, found: masterKey.byteCount)
        }
        guard masterSalt.byteCount == profile.saltLength else {
            throw .wrongLength(expected: profile.saltLength, found: masterSalt.byteCount)
        }
        let context = try CipherContext(EVP_aes_128_ctr(), encrypting: true)
        // A GCM salt is two bytes shorter than x, and is filled with zeros on the right.
        let block = SecretBytes(count: 16)
        masterSalt.withUnsafeBytes { salt in
            UnsafeMutableRawBufferPointer(start: block.base, count: block.count).copyMemory(from: salt)
        }
        let hasKey = masterKey.withUnsafeBytes { context.setKey($0) }
        guard hasKey else { throw .cipherUnavailable }
        var parts: [(label: UInt8, offset: Int, count: Int)] = [
            (kind.rawValue, 0, profile.keyLength),
            (kind.rawValue + 2, Self.saltOffset, profile.saltLength),
        ]
        if profile == .aesCM128HMACSHA1Tag80 {
            parts.append((kind.rawValue + 1, Self.authenticationOffset, Self.authenticationKeyLength))
        }
        // x = (label || 48 zero bits) XOR salt; the counter block is x and sixteen zero bits.
        let labelOffset = 7
        for part in parts {
            let salted = block.base.load(fromByteOffset: labelOffset, as: UInt8.self)
            block.base.storeBytes(of: salted ^ part.label, toByteOffset: labelOffset, as: UInt8.self)
            let target = bytes.base + part.offset
            let derived = context.counter(
                iv: UnsafeRawPointer(block.base),
                input: UnsafeRawPointer(target),
                output: target,
                count: part.count
            )
            block.base.storeBytes(of: salted, toByteOffset: labelOffset, as: UInt8.self)
            guard derived else { throw .cipherUnavailable }
        }
        // The pointer above does not keep it alive.
        extendLifetime(block)
    }

    /// Session keys from elsewhere, for test vectors that start behind the derivation.
    init(encryptionKey: [UInt8], salt: [UInt8], authenticationKey: [UInt8]) {
        precondition(encryptionKey.count == 16 && salt.count <= 16 && authenticationKey.count <= 20)
        bytes.base.copyMemory(from: encryptionKey, byteCount: encryptionKey.count)
        (bytes.base + Self.saltOffset).copyMemory(from: salt, byteCount: salt.count)
        (bytes.base + Self.authenticationOffset)
            .copyMemory(from: authenticationKey, byteCount: authenticationKey.count)
    }
}
