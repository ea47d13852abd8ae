extension InboundProtection {
    /// Keys from a master key and salt of the profile's lengths.
    ///
    /// `maximumSources` bounds the SSRCs the peer may send RTP from; 0 refuses RTP without decrypting it.
    package init(
        profile: SRTPProfile,
        masterKey: RawSpan,
        masterSalt: RawSpan,
        backend: CipherBackend = .best,
        maximumSources: Int = Self.defaultMaximumSources
    ) throws(ProtectionKeyError) {
        let media = try PacketCipher(
            profile,
            keys: SessionKeys(.rtp, profile: profile, masterKey: masterKey, masterSalt: masterSalt),
            backend: backend,
            direction: .inbound
        )
        let control = try PacketCipher(
            profile,
            keys: SessionKeys(.rtcp, profile: profile, masterKey: masterKey, masterSalt: masterSalt),
            backend: backend,
            direction: .inbound
        )
        self.init(profile: profile, media: media, control: control, maximumSources: maximumSources)
    }

    /// Keys from the TLS exporter's bytes (RFC 5764 4.2); `writer` is the side the packets come from.
    package init(
        profile: SRTPProfile,
        exportedKeys: RawSpan,
        writer: DTLSWriter,
        backend: CipherBackend = .best,
        maximumSources: Int = Self.defaultMaximumSources
    ) throws(ProtectionKeyError) {
        guard exportedKeys.byteCount == profile.exportedKeysLength else {
            throw .wrongLength(expected: profile.exportedKeysLength, found: exportedKeys.byteCount)
        }
        let ranges = profile.exportedRanges(of: writer)
        try self.init(
            profile: profile,
            masterKey: exportedKeys.extracting(ranges.key),
            masterSalt: exportedKeys.extracting(ranges.salt),
            backend: backend,
            maximumSources: maximumSources
        )
    }

    /// `unprotectRTP` on a received datagram's own memory.
    package mutating func unprotectRTP(_ packet: UnsafeMutableRawBufferPointer) -> InboundResult {
        var span = packet.mutableBytes
        return unprotectRTP(&span)
    }

    /// `unprotectRTCP` on a received datagram's own memory.
    package mutating func unprotectRTCP(_ packet: UnsafeMutableRawBufferPointer) -> InboundControlResult {
        var span = packet.mutableBytes
        return unprotectRTCP(&span)
    }
}
