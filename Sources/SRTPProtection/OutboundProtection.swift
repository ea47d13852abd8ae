/// One peer's keys for the packets we send it.
///
/// RTP is protected without any state: the same header, payload and sequence give the same bytes, which is
/// what makes a retransmission identical. Under these keys one (SSRC, extended sequence) must stand for one
/// byte string only; two would break AES-GCM (RFC 7714 8.4) and counter mode (RFC 3711 9.1).
package struct OutboundProtection: ~Copyable {
    /// SRTCP packets one master key may protect (RFC 3711 9.2).
    package static let controlIndexLimit: UInt32 = 1 << 31

    package let profile: SRTPProfile
    let media: PacketCipher
    let control: PacketCipher
    /// The index of the next SRTCP packet.
    ///
    /// One counter serves all our SSRCs, so no nonce comes twice.
    var nextControlIndex: UInt32 = 0

    init(profile: SRTPProfile, media: consuming PacketCipher, control: consuming PacketCipher) {
        self.profile = profile
        self.media = media
        self.control = control
    }

    /// Keys from a master key and salt of the profile's lengths.
    package init(
        profile: SRTPProfile,
        masterKey: RawSpan,
        masterSalt: RawSpan,
        backend: CipherBackend = .best
    ) throws(ProtectionKeyError) {
        let media = try PacketCipher(
            profile,
            keys: SessionKeys(.rtp, profile: profile, masterKey: masterKey, masterSalt: masterSalt),
            backend: backend,
            direction: .outbound
        )
        let control = try PacketCipher(
            profile,
            keys: SessionKeys(.rtcp, profile: profile, masterKey: masterKey, masterSalt: masterSalt),
            backend: backend,
            direction: .outbound
        )
        self.init(profile: profile, media: media, control: control)
    }

    /// Keys from the TLS exporter's bytes (RFC 5764 4.2); `writer` is our own side.
    package init(
        profile: SRTPProfile,
        exportedKeys: RawSpan,
        writer: DTLSWriter,
        backend: CipherBackend = .best
    ) throws(ProtectionKeyError) {
        guard exportedKeys.byteCount == profile.exportedKeysLength else {
            throw .wrongLength(expected: profile.exportedKeysLength, found: exportedKeys.byteCount)
        }
        let ranges = profile.exportedRanges(of: writer)
        try self.init(
            profile: profile,
            masterKey: exportedKeys.extracting(ranges.key),
            masterSalt: exportedKeys.extracting(ranges.salt),
            backend: backend
        )
    }

    /// Protects an RTP packet whose header already stands at the front of `output`; returns its whole length.
    ///
    /// As the pointer form below, for a payload that lies elsewhere.
    package borrowing func protectRTP(
        headerLength: Int,
        payload: RawSpan,
        output: inout MutableRawSpan,
        extendedSequence: UInt64,
        ssrc: UInt32
    ) -> Int {
        payload.withUnsafeBytes { payload in
            output.withUnsafeMutableBytes { output in
                protectRTP(
                    headerLength: headerLength,
                    payload: payload,
                    output: output,
                    extendedSequence: extendedSequence,
                    ssrc: ssrc
                )
            }
        }
    }

    /// Protects a (compound) RTCP packet of at least 8 bytes into `output`; returns the whole length, or 0
    /// if it must not be sent because the keys have served 2^31 packets.
    package mutating func protectRTCP(_ packet: RawSpan, into output: inout MutableRawSpan) -> Int {
        packet.withUnsafeBytes { packet in
            output.withUnsafeMutableBytes { output in protectRTCP(packet, into: output) }
        }
    }
}
