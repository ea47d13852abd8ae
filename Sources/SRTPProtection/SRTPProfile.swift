/// A DTLS-SRTP protection profile; the raw value is its number in `use_srtp` (RFC 5764 4.1.2, RFC 7714 14.2).
package enum SRTPProfile: UInt16, CaseIterable, Sendable {
    /// SRTP_AEAD_AES_128_GCM (RFC 7714).
    case aeadAES128GCM = 0x0007
    /// SRTP_AES128_CM_HMAC_SHA1_80 (RFC 3711), which every WebRTC client has (RFC 8827 6.5).
    case aesCM128HMACSHA1Tag80 = 0x0001

    /// Bytes of the authentication tag.
    package var tagLength: Int {
        switch self {
        case .aeadAES128GCM: 16
        case .aesCM128HMACSHA1Tag80: 10
        }
    }

    /// Bytes of the master key, and of the session's encryption key.
    package var keyLength: Int { 16 }

    /// Bytes of the master salt, and of the session's salting key.
    package var saltLength: Int {
        switch self {
        case .aeadAES128GCM: 12
        case .aesCM128HMACSHA1Tag80: 14
        }
    }

    /// Bytes an RTP packet grows by.
    package var rtpOverhead: Int { tagLength }

    /// Bytes an RTCP packet grows by: the tag, and the word with the E bit and the index.
    package var rtcpOverhead: Int { tagLength + 4 }

    /// Bytes to ask of the TLS exporter `EXTRACTOR-dtls_srtp` (RFC 5764 4.2).
    package var exportedKeysLength: Int { 2 * (keyLength + saltLength) }

    /// Where one side's master key and salt lie in the exporter's bytes: both keys, then both salts,
    /// the client's before the server's (RFC 5764 4.2).
    func exportedRanges(of writer: DTLSWriter) -> (key: Range<Int>, salt: Range<Int>) {
        let side = writer == .client ? 0 : 1
        let keyStart = side * keyLength
        let saltStart = 2 * keyLength + side * saltLength
        return (keyStart..<(keyStart + keyLength), saltStart..<(saltStart + saltLength))
    }
}

/// The side of a DTLS association whose write keys protect a direction.
package enum DTLSWriter: Sendable {
    case client
    case server
}

/// Why keys could not be put into service.
package enum ProtectionKeyError: Error, Equatable, Sendable {
    /// The bytes given are not as long as the profile's keys and salts.
    case wrongLength(expected: Int, found: Int)
    /// The cryptographic library refused the cipher.
    case cipherUnavailable
}
