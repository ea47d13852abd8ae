import Primitives

/// Writes one STUN message: attributes in the order of the calls, integrity and fingerprint last.
package struct STUNWriter: Sendable {
    private var writer: ByteWriter
    private let transactionID: STUNTransactionID

    /// Begins a binding message (RFC 8489 5).
    package init(_ messageClass: STUNMessage.Class, transactionID: STUNTransactionID) {
        writer = ByteWriter(reservingCapacity: 128)
        self.transactionID = transactionID
        let classBits = UInt16(messageClass.rawValue)
        writer.write(STUNMessage.bindingMethod | (classBits & 1) << 4 | (classBits & 2) << 7)
        writer.write(UInt16(0))
        writer.write(STUNMessage.magicCookie)
        writer.write(transactionID.high)
        writer.write(transactionID.low)
    }

    /// The message so far; whole after the last attribute.
    package var bytes: [UInt8] { writer.bytes }

    package mutating func addUsername(_ username: [UInt8]) {
        precondition(username.count <= STUNMessage.maximumUsernameLength)
        addAttribute(STUNAttribute.username, username)
    }

    package mutating func addSoftware(_ name: String) {
        addAttribute(STUNAttribute.software, Array(name.utf8.prefix(127)))
    }

    package mutating func addPriority(_ priority: UInt32) {
        beginAttribute(STUNAttribute.priority, length: 4)
        writer.write(priority)
    }

    package mutating func addUseCandidate() {
        beginAttribute(STUNAttribute.useCandidate, length: 0)
    }

    package mutating func addICEControlling(tieBreaker: UInt64) {
        beginAttribute(STUNAttribute.iceControlling, length: 8)
        writer.write(tieBreaker)
    }

    package mutating func addICEControlled(tieBreaker: UInt64) {
        beginAttribute(STUNAttribute.iceControlled, length: 8)
        writer.write(tieBreaker)
    }

    /// XOR-MAPPED-ADDRESS (RFC 8489 14.2).
    package mutating func addXORMappedAddress(_ address: SocketAddress) {
        beginAttribute(STUNAttribute.xorMappedAddress, length: address.isIPv6 ? 20 : 8)
        writer.write(UInt16(address.isIPv6 ? 2 : 1))
        writer.write(address.port ^ UInt16(truncatingIfNeeded: STUNMessage.magicCookie >> 16))
        if address.isIPv6 {
            writer.write(address.high ^ (UInt64(STUNMessage.magicCookie) << 32 | UInt64(transactionID.high)))
            writer.write(address.low ^ transactionID.low)
        } else {
            writer.write(UInt32(truncatingIfNeeded: address.low) ^ STUNMessage.magicCookie)
        }
    }

    /// ERROR-CODE (RFC 8489 14.8); `code` is 300 to 699.
    package mutating func addErrorCode(_ code: UInt16, reason: String) {
        precondition((300...699).contains(code))
        let text = Array(reason.utf8.prefix(127))
        addAttribute(
            STUNAttribute.errorCode,
            [0, 0, UInt8(truncatingIfNeeded: code / 100), UInt8(truncatingIfNeeded: code % 100)] + text
        )
    }

    /// UNKNOWN-ATTRIBUTES (RFC 8489 14.13).
    package mutating func addUnknownAttributes(_ types: [UInt16]) {
        addAttribute(
            STUNAttribute.unknownAttributes,
            types.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        )
    }

    /// An attribute of any type; the padding to four bytes is added.
    package mutating func addAttribute(_ type: UInt16, _ value: [UInt8]) {
        precondition(value.count <= 1024, "an attribute of \(value.count) bytes")
        beginAttribute(type, length: value.count)
        writer.write(value)
        writer.write(repeatElement(0, count: (4 - value.count % 4) % 4))
        patchLength()
    }

    /// MESSAGE-INTEGRITY over all that was written so far (RFC 8489 14.5).
    package mutating func addMessageIntegrity(password: some Sequence<UInt8>) {
        let code = MessageIntegrity.code(over: writer.bytes.span.bytes, password: Array(password))
        addAttribute(STUNAttribute.messageIntegrity, code)
    }

    /// FINGERPRINT over all that was written so far (RFC 8489 14.7); nothing may follow.
    package mutating func addFingerprint() {
        // The length that is hashed counts the attribute itself.
        let covered = writer.count
        writer.patch(UInt16(truncatingIfNeeded: covered - STUNMessage.headerLength + 8), at: 2)
        let checksum = CRC32.checksum(of: writer.bytes.span.bytes) ^ STUNMessage.fingerprintMask
        beginAttribute(STUNAttribute.fingerprint, length: 4)
        writer.write(checksum)
    }

    private mutating func beginAttribute(_ type: UInt16, length: Int) {
        writer.write(type)
        writer.write(UInt16(truncatingIfNeeded: length))
        let padded = (length + 3) & ~3
        writer.patch(UInt16(truncatingIfNeeded: writer.count - STUNMessage.headerLength + padded), at: 2)
    }

    private mutating func patchLength() {
        writer.patch(UInt16(truncatingIfNeeded: writer.count - STUNMessage.headerLength), at: 2)
    }
}
