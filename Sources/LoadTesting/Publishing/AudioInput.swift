import MediaCodecs

/// What a broadcaster's sound is: always Opus in packets of 20 ms.
package enum AudioInput: Sendable {
    /// A steady tone of that frequency in hertz.
    case tone(Double)
    case silence
    /// Packets made before, played in a loop.
    case recorded([[UInt8]])

    /// `seconds` of a tone, to be played in a loop.
    ///
    /// Throws `CodecError`.
    package static func recordedTone(_ frequency: Double, seconds: Int) throws -> AudioInput {
        let source = try AudioSource(.tone(frequency))
        return .recorded(try (0..<(max(1, seconds) * 50)).map { _ in try source.next() })
    }
}

/// Gives a publication one Opus packet after the other.
final class AudioSource {
    private let input: AudioInput
    private var tone: ToneGenerator?
    private let encoder: OpusEncoder?
    private var position = 0

    /// Throws `CodecError`.
    init(_ input: AudioInput) throws(CodecError) {
        self.input = input
        switch input {
        case .tone(let frequency):
            tone = ToneGenerator(frequency: frequency, channels: 2)
            encoder = try OpusEncoder(channels: 2)
        case .silence:
            encoder = try OpusEncoder(channels: 2)
        case .recorded:
            encoder = nil
        }
    }

    func next() throws(CodecError) -> [UInt8] {
        if case .recorded(let packets) = input {
            guard !packets.isEmpty else { throw .noOutput }
            defer { position = (position + 1) % packets.count }
            return packets[position]
        }
        guard let encoder else { throw .noOutput }
        return try encoder.encode(
            tone?.next() ?? [Int16](repeating: 0, count: 2 * OpusFormat.samplesPerPacket)
        )
    }
}
