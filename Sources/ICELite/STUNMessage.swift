import Primitives

/// A STUN message (RFC 8489 5) as offsets into the datagram it was read from; it holds no bytes of its own.
///
///      0                   1                   2                   3
///     |0 0|     message type (14)     |        message length         |
///     |                  magic cookie 0x2112A442                      |
///     |                  transaction ID (96 bits)                     |
///     |  attribute type               |   attribute length            | value, padded to 4 ...
package struct STUNMessage: Sendable {
    /// The two class bits of the message type (RFC 8489 5).
    package enum Class: UInt8, Sendable {
        case request = 0
        case indication = 1
        case success = 2
        case error = 3
    }

    static let headerLength = 20
    static let magicCookie: UInt32 = 0x2112_A442
    static let fingerprintMask: UInt32 = 0x5354_554E
    static let bindingMethod: UInt16 = 0x0001
    /// MESSAGE-INTEGRITY with its attribute header: 4 + 20 bytes.
    static let integrityAttributeLength = 24
    /// RFC 8489 14.3: a username has fewer than 509 bytes; longer ones are not worth a comparison.
    static let maximumUsernameLength = 508
    /// One datagram of checks carries about ten attributes; a thousand tiny ones are only work for the parser.
    static let maximumAttributes = 32
    /// A 420 answer names at most this many unknown types; more do not help the asker.
    static let maximumReportedUnknowns = 4

    package let messageClass: Class
    package let method: UInt16
    package let transactionID: STUNTransactionID

    /// Where USERNAME's value lies in the datagram.
    package private(set) var username: Range<Int>?
    /// Where the MESSAGE-INTEGRITY attribute begins, its header included.
    package private(set) var messageIntegrityOffset: Int?
    /// Where the FINGERPRINT attribute begins, its header included.
    package private(set) var fingerprintOffset: Int?
    package private(set) var priority: UInt32?
    package private(set) var useCandidate = false
    package private(set) var iceControlling: UInt64?
    package private(set) var iceControlled: UInt64?
    package private(set) var xorMappedAddress: SocketAddress?
    /// ERROR-CODE as a number, 300 to 699.
    package private(set) var errorCode: UInt16?
    /// Where SOFTWARE's value lies in the datagram.
    package private(set) var software: Range<Int>?
    /// The first attributes that require comprehension and are not known; unused places are 0.
    private(set) var unknownRequired: (UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0)
    /// How many attributes that require comprehension are not known.
    package private(set) var unknownRequiredCount = 0

    /// `nil` if `datagram` is not exactly one well-formed STUN message.
    package init?(_ datagram: RawSpan) {
        guard let type = datagram.bigEndianUInt16(at: 0), type & 0xC000 == 0,
            let length = datagram.bigEndianUInt16(at: 2), length % 4 == 0,
            datagram.bigEndianUInt32(at: 4) == Self.magicCookie,
            let idHigh = datagram.bigEndianUInt32(at: 8),
            let idMiddle = datagram.bigEndianUInt32(at: 12),
            let idLow = datagram.bigEndianUInt32(at: 16),
            datagram.byteCount == Self.headerLength + Int(length)
        else { return nil }
        // RFC 8489 5: the class bits are bits 4 and 8 of the type, the method is what remains.
        let classBits = UInt8(truncatingIfNeeded: (type >> 4) & 1 | (type >> 7) & 2)
        guard let messageClass = Class(rawValue: classBits) else { return nil }
        self.messageClass = messageClass
        method = type & 0x000F | (type >> 1) & 0x0070 | (type >> 2) & 0x0F80
        transactionID = STUNTransactionID(high: idHigh, low: UInt64(idMiddle) << 32 | UInt64(idLow))
        guard readAttributes(of: datagram) else { return nil }
    }

    /// Whether the datagram may be STUN by its first byte and cookie (RFC 7983, RFC 8489 6.3); cheap.
    package static func isLikely(_ datagram: RawSpan) -> Bool {
        guard let first = datagram.byte(at: 0), first < 4 else { return false }
        return datagram.byteCount >= headerLength && datagram.bigEndianUInt32(at: 4) == magicCookie
    }

    /// Whether the datagram, if it is STUN, answers a request (RFC 8489 5: the higher class bit); cheap.
    package static func isResponse(_ datagram: RawSpan) -> Bool {
        (datagram.bigEndianUInt16(at: 0) ?? 0) & 0x0100 != 0
    }

    private mutating func readAttributes(of datagram: RawSpan) -> Bool {
        var offset = Self.headerLength
        var count = 0
        while offset < datagram.byteCount {
            guard let type = datagram.bigEndianUInt16(at: offset),
                let length = datagram.bigEndianUInt16(at: offset + 2), count < Self.maximumAttributes
            else { return false }
            let value = (offset + 4)..<(offset + 4 + Int(length))
            let padded = value.lowerBound + (Int(length) + 3) & ~3
            // FINGERPRINT is the last attribute of a message that has it (RFC 8489 14.7).
            guard padded <= datagram.byteCount, fingerprintOffset == nil else { return false }
            // What follows MESSAGE-INTEGRITY is not protected by it and is passed over (RFC 8489 14.5).
            if messageIntegrityOffset == nil || type == STUNAttribute.fingerprint {
                guard readAttribute(type, at: offset, value: value, of: datagram) else { return false }
            }
            offset = padded
            count += 1
        }
        return true
    }

    private mutating func readAttribute(
        _ type: UInt16,
        at offset: Int,
        value: Range<Int>,
        of datagram: RawSpan
    ) -> Bool {
        // Of an attribute that stands there twice, the first counts (RFC 8489 14).
        switch type {
        case STUNAttribute.username:
            guard value.count <= Self.maximumUsernameLength else { return false }
            if username == nil { username = value }
        case STUNAttribute.messageIntegrity:
            guard value.count == 20 else { return false }
            messageIntegrityOffset = offset
        case STUNAttribute.fingerprint:
            guard value.count == 4 else { return false }
            fingerprintOffset = offset
        case STUNAttribute.priority:
            guard value.count == 4 else { return false }
            if priority == nil { priority = datagram.bigEndianUInt32(at: value.lowerBound) }
        case STUNAttribute.useCandidate:
            guard value.isEmpty else { return false }
            useCandidate = true
        case STUNAttribute.iceControlling:
            guard let number = Self.readUInt64(value, of: datagram) else { return false }
            if iceControlling == nil { iceControlling = number }
        case STUNAttribute.iceControlled:
            guard let number = Self.readUInt64(value, of: datagram) else { return false }
            if iceControlled == nil { iceControlled = number }
        case STUNAttribute.xorMappedAddress:
            guard let address = readXORMappedAddress(value, of: datagram) else { return false }
            if xorMappedAddress == nil { xorMappedAddress = address }
        case STUNAttribute.errorCode:
            // RFC 8489 14.8: hundreds in the low three bits of the third byte, the rest in the fourth.
            guard value.count >= 4, let word = datagram.bigEndianUInt32(at: value.lowerBound) else {
                return false
            }
            let hundreds = UInt16(truncatingIfNeeded: word >> 8 & 7)
            let rest = UInt16(truncatingIfNeeded: word & 0xFF)
            guard (3...6).contains(hundreds), rest < 100 else { return false }
            if errorCode == nil { errorCode = hundreds * 100 + rest }
        case STUNAttribute.software:
            if software == nil { software = value }
        default:
            noteIfUnknown(type)
        }
        return true
    }

    private mutating func noteIfUnknown(_ type: UInt16) {
        guard STUNAttribute.isComprehensionRequired(type), !STUNAttribute.isUnderstood(type) else { return }
        switch unknownRequiredCount {
        case 0: unknownRequired.0 = type
        case 1: unknownRequired.1 = type
        case 2: unknownRequired.2 = type
        case 3: unknownRequired.3 = type
        default: break
        }
        unknownRequiredCount += 1
    }

    private static func readUInt64(_ value: Range<Int>, of datagram: RawSpan) -> UInt64? {
        guard value.count == 8, let high = datagram.bigEndianUInt32(at: value.lowerBound),
            let low = datagram.bigEndianUInt32(at: value.lowerBound + 4)
        else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    /// RFC 8489 14.2: the port and the address are masked with the cookie and the transaction ID.
    private func readXORMappedAddress(_ value: Range<Int>, of datagram: RawSpan) -> SocketAddress? {
        let start = value.lowerBound
        guard value.count >= 8, let family = datagram.byte(at: start + 1),
            let maskedPort = datagram.bigEndianUInt16(at: start + 2),
            let first = datagram.bigEndianUInt32(at: start + 4)
        else { return nil }
        let port = maskedPort ^ UInt16(truncatingIfNeeded: Self.magicCookie >> 16)
        switch (family, value.count) {
        case (1, 8):
            return SocketAddress(ipv4: first ^ Self.magicCookie, port: port)
        case (2, 20):
            guard let second = datagram.bigEndianUInt32(at: start + 8),
                let low = Self.readUInt64((start + 12)..<(start + 20), of: datagram)
            else { return nil }
            let high = UInt64(first ^ Self.magicCookie) << 32 | UInt64(second ^ transactionID.high)
            return SocketAddress(ipv6High: high, ipv6Low: low ^ transactionID.low, port: port)
        default:
            return nil
        }
    }
}
