extension OutboundProtection {
    /// Protects an RTP packet whose header already stands in `output[0..<headerLength]`; returns its whole
    /// length, or 0 if nothing may be sent because the cipher failed.
    ///
    /// The payload is encrypted from where it lies, which may also be right behind the header in `output`;
    /// otherwise it must not overlap. `extendedSequence` is ROC << 16 | SEQ and, like `ssrc`, that of the
    /// header. `output` has room for `profile.rtpOverhead` bytes more than header and payload.
    package borrowing func protectRTP(
        headerLength: Int,
        payload: UnsafeRawBufferPointer,
        output: UnsafeMutableRawBufferPointer,
        extendedSequence: UInt64,
        ssrc: UInt32
    ) -> Int {
        let length = headerLength + payload.count + profile.tagLength
        check(headerLength: headerLength, length: length, output, extendedSequence, ssrc)
        guard let packet = output.baseAddress else { return 0 }
        let isSealed = media.sealRTP(
            packet,
            headerLength: headerLength,
            payload: payload,
            source: ssrc,
            index: extendedSequence
        )
        return isSealed ? length : 0
    }

    /// As `protectRTP`, but a tag that is cheaper to make together with others is left to `PendingTags`.
    package borrowing func encryptRTP(
        headerLength: Int,
        payload: UnsafeRawBufferPointer,
        output: UnsafeMutableRawBufferPointer,
        extendedSequence: UInt64,
        ssrc: UInt32
    ) -> EncryptedPacket {
        let length = headerLength + payload.count + profile.tagLength
        check(headerLength: headerLength, length: length, output, extendedSequence, ssrc)
        guard let packet = output.baseAddress else { return .nothing }
        let leavesTag = media.mode == .multiBufferCounter
        let isEncrypted =
            leavesTag
            ? media.encryptRTP(
                packet,
                headerLength: headerLength,
                payload: payload,
                source: ssrc,
                index: extendedSequence
            )
            : media.sealRTP(
                packet,
                headerLength: headerLength,
                payload: payload,
                source: ssrc,
                index: extendedSequence
            )
        guard isEncrypted else { return .nothing }
        let states = leavesTag ? UnsafeRawPointer(media.hashState(at: PacketCipher.Layout.inner)) : nil
        return EncryptedPacket(length: length, hashStates: states)
    }

    @inline(__always)
    private borrowing func check(
        headerLength: Int,
        length: Int,
        _ output: UnsafeMutableRawBufferPointer,
        _ extendedSequence: UInt64,
        _ ssrc: UInt32
    ) {
        precondition(headerLength >= 12 && length <= output.count)
        precondition(extendedSequence < InboundProtection.indexLimit)
        assert(SRTPHeader(UnsafeRawBufferPointer(output).bytes)?.source == ssrc)
        assert(
            SRTPHeader(UnsafeRawBufferPointer(output).bytes)?.sequence
                == UInt16(truncatingIfNeeded: extendedSequence)
        )
    }

    /// `protectRTCP` on memory; `packet` and `output` are the same bytes or do not overlap.
    package mutating func protectRTCP(
        _ packet: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        let length = packet.count + profile.rtcpOverhead
        precondition(packet.count >= InboundProtection.controlHeaderLength && length <= output.count)
        guard
            nextControlIndex < Self.controlIndexLimit,
            let bytes = packet.baseAddress, let target = output.baseAddress
        else { return 0 }
        let index = nextControlIndex
        // Even a failed attempt uses its index up.
        nextControlIndex += 1
        let ssrc = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        target.copyMemory(from: bytes, byteCount: InboundProtection.controlHeaderLength)
        let isSealed = control.sealRTCP(
            target,
            from: bytes,
            count: packet.count,
            source: ssrc,
            word: 0x8000_0000 | index
        )
        return isSealed ? length : 0
    }
}
