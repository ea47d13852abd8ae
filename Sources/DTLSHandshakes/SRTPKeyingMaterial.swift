/// The SRTP master keys that a handshake agreed on (RFC 5764 4.2).
///
/// Printing it shows no byte of them.
package struct SRTPKeyingMaterial: Hashable, Sendable {
    package let profile: DTLSSRTPProfile
    /// What we protect with: 16 bytes.
    package let localKey: [UInt8]
    /// 12 bytes for GCM, 14 for CM.
    package let localSalt: [UInt8]
    /// What the peer protects with: 16 bytes.
    package let remoteKey: [UInt8]
    package let remoteSalt: [UInt8]

    /// Cuts the exported bytes: client key, server key, client salt, server salt (RFC 5764 4.2).
    init?(profile: DTLSSRTPProfile, exported: [UInt8], isServer: Bool) {
        let (key, salt) = (profile.keyLength, profile.saltLength)
        guard exported.count == Self.exportLength(of: profile) else { return nil }
        let clientKey = Array(exported[0..<key])
        let serverKey = Array(exported[key..<(2 * key)])
        let clientSalt = Array(exported[(2 * key)..<(2 * key + salt)])
        let serverSalt = Array(exported[(2 * key + salt)...])
        self.profile = profile
        localKey = isServer ? serverKey : clientKey
        localSalt = isServer ? serverSalt : clientSalt
        remoteKey = isServer ? clientKey : serverKey
        remoteSalt = isServer ? clientSalt : serverSalt
    }

    static func exportLength(of profile: DTLSSRTPProfile) -> Int {
        2 * (profile.keyLength + profile.saltLength)
    }
}

extension SRTPKeyingMaterial: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "SRTPKeyingMaterial(\(profile))" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["profile": profile]) }
}
