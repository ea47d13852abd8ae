/// The protection profiles that `use_srtp` can settle on here (RFC 5764 4.1.2, RFC 7714 14.2).
package enum DTLSSRTPProfile: UInt16, Hashable, Sendable, CaseIterable {
    case aes128CMHMACSHA1Tag80 = 0x0001
    case aeadAES128GCM = 0x0007

    /// Bytes of one master key.
    package var keyLength: Int { 16 }

    /// Bytes of one master salt.
    package var saltLength: Int {
        switch self {
        case .aes128CMHMACSHA1Tag80: 14
        case .aeadAES128GCM: 12
        }
    }

    var name: String {
        switch self {
        case .aes128CMHMACSHA1Tag80: "SRTP_AES128_CM_SHA1_80"
        case .aeadAES128GCM: "SRTP_AEAD_AES_128_GCM"
        }
    }
}
