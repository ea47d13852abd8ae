/// The cipher of one direction and kind of packet: an expanded session key, a salt, and how to use them.
///
///     RTP,  both profiles:  header | ciphertext | tag
///     RTCP, AES-GCM:        header | ciphertext | tag | E, index      (RFC 7714 9)
///     RTCP, AES-CM + HMAC:  header | ciphertext | E, index | tag      (RFC 3711 3.4)
struct PacketCipher: ~Copyable {
    enum Direction {
        case inbound
        case outbound
    }

    /// The two profiles on the two back ends; the hot path branches on this and nothing else.
    enum Mode {
        case portableGCM
        case portableCounter
        case multiBufferGCM
        case multiBufferCounter
    }

    let mode: Mode
    /// The salt, and what the mode keeps of the key besides.
    let secrets: SecretBytes
    /// OpenSSL's context in a portable mode.
    let context: CipherContext?
    /// The other library in its modes.
    let library: MultiBufferLibrary.Entry?

    var tagLength: Int {
        switch mode {
        case .portableGCM, .multiBufferGCM: 16
        case .portableCounter, .multiBufferCounter: 10
        }
    }
}

extension SRTPProfile {
    /// Where the word with the E bit and the index stands behind an RTCP packet's ciphertext.
    var controlWordOffset: Int {
        switch self {
        case .aeadAES128GCM: tagLength
        case .aesCM128HMACSHA1Tag80: 0
        }
    }
}
