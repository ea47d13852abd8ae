import MediaCodecs

/// Twenty milliseconds of silence as Opus packets, made by libopus from digital silence.
package struct OpusSilence: Sendable {
    /// One packet for a track of one channel.
    package let mono: [UInt8]
    /// One packet for a track of two channels.
    package let stereo: [UInt8]

    /// Each packet stands for this many ticks of RTP time (48 kHz).
    package static let samplesPerPacket = OpusFormat.samplesPerPacket

    /// Throws `CodecError.libraryFailure`.
    package init() throws(CodecError) {
        mono = try Self.packet(channels: 1)
        stereo = try Self.packet(channels: 2)
    }

    /// The packet for a track of one or two channels.
    package func packet(isStereo: Bool) -> [UInt8] { isStereo ? stereo : mono }

    private static func packet(channels: Int) throws(CodecError) -> [UInt8] {
        let encoder = try OpusEncoder(channels: channels, bitsPerSecond: 64_000)
        let silence = [Int16](repeating: 0, count: samplesPerPacket * channels)
        var packet = try encoder.encode(silence)
        // The first packets still hold the encoder's run-in; the shortest after it is the steady state.
        for _ in 0..<10 {
            let next = try encoder.encode(silence)
            if next.count <= packet.count { packet = next }
        }
        return packet
    }
}
