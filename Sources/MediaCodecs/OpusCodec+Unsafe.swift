import COpus

/// What Opus in RTP always is: 48 kHz.
package enum OpusFormat {
    /// Samples a second and channel.
    package static let sampleRate = 48_000
    /// Samples a channel in a packet of 20 ms.
    package static let samplesPerPacket = 960
    /// Samples a channel in the longest packet, 120 ms (RFC 6716 section 2.1.4).
    static let maximumSamplesPerPacket = 5_760
    /// Bytes of the longest frame (RFC 6716 section 3.2.1), which is also as much as one packet of 20 ms takes.
    static let maximumPacketBytes = 1_276
}

/// Encodes 20 ms of sound a packet, without in-band FEC, which would carry the past along.
///
/// For one caller at a time.
package final class OpusEncoder {
    package let channels: Int
    // Safe because this object alone holds it, and frees it when it goes.
    private let encoder: OpaquePointer

    /// `channels` is 1 or 2, `bitsPerSecond` 6,000 to 510,000; throws `invalidSettings` or `libraryFailure`.
    package init(channels: Int, bitsPerSecond: Int = 32_000) throws(CodecError) {
        guard (1...2).contains(channels) else { throw .invalidSettings("\(channels) channels: 1 or 2") }
        guard (6_000...510_000).contains(bitsPerSecond) else {
            throw .invalidSettings("bit rate \(bitsPerSecond) bit/s: 6000 to 510000")
        }
        var status: Int32 = 0
        guard
            let encoder = opus_encoder_create(
                Int32(OpusFormat.sampleRate),
                Int32(channels),
                OPUS_APPLICATION_AUDIO,
                &status
            ),
            status == OPUS_OK
        else { throw .libraryFailure(Int(status)) }
        _ = tally_opus_set_bitrate(encoder, Int32(bitsPerSecond))
        _ = tally_opus_set_complexity(encoder, 3)
        _ = tally_opus_set_inband_fec(encoder, 0)
        _ = tally_opus_set_dtx(encoder, 0)
        self.encoder = encoder
        self.channels = channels
    }

    deinit {
        opus_encoder_destroy(encoder)
    }

    /// Encodes 960 samples a channel, interleaved; throws `invalidSettings` or `libraryFailure`.
    package func encode(_ samples: [Int16]) throws(CodecError) -> [UInt8] {
        guard samples.count == OpusFormat.samplesPerPacket * channels else {
            throw .invalidSettings("\(samples.count) samples: \(OpusFormat.samplesPerPacket * channels)")
        }
        var packet = [UInt8](repeating: 0, count: OpusFormat.maximumPacketBytes)
        let count = opus_encode(
            encoder,
            samples,
            Int32(OpusFormat.samplesPerPacket),
            &packet,
            Int32(packet.count)
        )
        guard count > 0 else { throw .libraryFailure(Int(count)) }
        packet.removeLast(packet.count - Int(count))
        return packet
    }
}

/// Decodes Opus packets to 16-bit samples at 48 kHz.
///
/// For one caller at a time.
package final class OpusDecoder {
    package let channels: Int
    // Safe because this object alone holds it, and frees it when it goes.
    private let decoder: OpaquePointer

    /// `channels` (1 or 2) is what comes out, whatever was encoded; throws `invalidSettings` or `libraryFailure`.
    package init(channels: Int) throws(CodecError) {
        guard (1...2).contains(channels) else { throw .invalidSettings("\(channels) channels: 1 or 2") }
        var status: Int32 = 0
        guard let decoder = opus_decoder_create(Int32(OpusFormat.sampleRate), Int32(channels), &status),
            status == OPUS_OK
        else { throw .libraryFailure(Int(status)) }
        self.decoder = decoder
        self.channels = channels
    }

    deinit {
        opus_decoder_destroy(decoder)
    }

    /// The samples of one packet, interleaved; throws `undecodable`.
    package func decode(_ packet: [UInt8]) throws(CodecError) -> [Int16] {
        // An empty packet would ask libopus to conceal a loss.
        guard !packet.isEmpty else { throw .undecodable(0) }
        return try decode(packet, samples: OpusFormat.maximumSamplesPerPacket)
    }

    /// 20 ms of what libopus makes up for a packet that did not come.
    package func concealLoss() throws(CodecError) -> [Int16] {
        try decode([], samples: OpusFormat.samplesPerPacket)
    }

    private func decode(_ packet: [UInt8], samples: Int) throws(CodecError) -> [Int16] {
        var output = [Int16](repeating: 0, count: samples * channels)
        let count = packet.withUnsafeBufferPointer { bytes in
            opus_decode(
                decoder,
                packet.isEmpty ? nil : bytes.baseAddress,
                Int32(packet.count),
                &output,
                Int32(samples),
                0
            )
        }
        guard count >= 0 else { throw .undecodable(Int(count)) }
        output.removeLast(output.count - Int(count) * channels)
        return output
    }
}
