/// The STUN attribute types that this agent knows (RFC 8489 14, RFC 8445 16.1).
package enum STUNAttribute {
    package static let mappedAddress: UInt16 = 0x0001
    package static let username: UInt16 = 0x0006
    package static let messageIntegrity: UInt16 = 0x0008
    package static let errorCode: UInt16 = 0x0009
    package static let unknownAttributes: UInt16 = 0x000A
    package static let realm: UInt16 = 0x0014
    package static let nonce: UInt16 = 0x0015
    package static let messageIntegritySHA256: UInt16 = 0x001C
    package static let passwordAlgorithm: UInt16 = 0x001D
    package static let userhash: UInt16 = 0x001E
    package static let xorMappedAddress: UInt16 = 0x0020
    package static let priority: UInt16 = 0x0024
    package static let useCandidate: UInt16 = 0x0025
    package static let software: UInt16 = 0x8022
    package static let fingerprint: UInt16 = 0x8028
    package static let iceControlled: UInt16 = 0x8029
    package static let iceControlling: UInt16 = 0x802A

    /// Whether a receiver that does not know `type` must refuse the request with 420 (RFC 8489 14).
    static func isComprehensionRequired(_ type: UInt16) -> Bool { type < 0x8000 }

    /// Known, or harmless to read past: a credential mechanism that is not ours still fails for want of ours.
    static func isUnderstood(_ type: UInt16) -> Bool {
        switch type {
        case mappedAddress, username, messageIntegrity, errorCode, unknownAttributes, realm, nonce,
            messageIntegritySHA256, passwordAlgorithm, userhash, xorMappedAddress, priority, useCandidate,
            software, fingerprint, iceControlled, iceControlling:
            true
        default:
            false
        }
    }
}
