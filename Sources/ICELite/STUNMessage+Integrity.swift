import Primitives

extension STUNMessage {
    /// Whether FINGERPRINT is there and right (RFC 8489 14.7); `datagram` is the one this was read from.
    package func hasValidFingerprint(in datagram: RawSpan) -> Bool {
        guard let offset = fingerprintOffset, let stated = datagram.bigEndianUInt32(at: offset + 4) else {
            return false
        }
        return CRC32.checksum(of: datagram.extracting(0..<offset)) ^ Self.fingerprintMask == stated
    }

    /// Whether MESSAGE-INTEGRITY is there and made with `password` (RFC 8489 14.5), compared in constant time.
    ///
    /// `datagram` is the one this was read from; `password` is the short-term password as it is, or the
    /// hashed key of the long-term mechanism.
    package func hasValidIntegrity(in datagram: RawSpan, password: some Sequence<UInt8>) -> Bool {
        guard let offset = messageIntegrityOffset,
            offset + Self.integrityAttributeLength <= datagram.byteCount
        else { return false }
        let expected = MessageIntegrity.code(
            over: datagram.extracting(0..<offset),
            password: Array(password)
        )
        return MessageIntegrity.matches(
            expected,
            datagram.extracting((offset + 4)..<(offset + Self.integrityAttributeLength))
        )
    }

    /// Whether USERNAME is there and consists of exactly `bytes`.
    func hasUsername(_ bytes: [UInt8], in datagram: RawSpan) -> Bool {
        guard let username, username.count == bytes.count else { return false }
        for (offset, byte) in bytes.enumerated() where datagram.byte(at: username.lowerBound + offset) != byte
        {
            return false
        }
        return true
    }

    /// Our own fragment of USERNAME, the part before the colon, read without authenticating anything.
    ///
    /// It serves to find the owner of a first datagram, and for nothing else. `nil` if `datagram` is not a
    /// binding request with a username of two parts (RFC 8445 7.2.2).
    @_lifetime(copy datagram)
    package static func localUfrag(of datagram: RawSpan) -> RawSpan? {
        guard isLikely(datagram), datagram.bigEndianUInt16(at: 0) == bindingMethod else { return nil }
        var offset = headerLength
        var count = 0
        while count < maximumAttributes, let type = datagram.bigEndianUInt16(at: offset),
            let length = datagram.bigEndianUInt16(at: offset + 2)
        {
            let start = offset + 4
            let end = start + Int(length)
            guard end <= datagram.byteCount else { return nil }
            if type == STUNAttribute.username {
                var colon = start
                while colon < end, datagram.byte(at: colon) != UInt8(ascii: ":") { colon += 1 }
                guard colon > start, colon < end else { return nil }
                return datagram.extracting(start..<colon)
            }
            offset = start + (Int(length) + 3) & ~3
            count += 1
        }
        return nil
    }
}
