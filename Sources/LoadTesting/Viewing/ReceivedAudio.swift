import MediaCodecs
import Primitives

/// What an audio slot sounds like.
struct ReceivedAudio {
    /// The newest second.
    private static let keptSamples = OpusFormat.sampleRate

    private var decoder: OpusDecoder?
    private var samples: [Int16] = []
    private(set) var packetsDecoded = 0
    private(set) var packetsUndecodable = 0
    private(set) var lastSequence: Int64?
    private(set) var lastSoundAt: MonotonicTime?
    private(set) var lastSilenceAt: MonotonicTime?

    /// Takes the next packet in order; answers what it carries by itself, without what the decoder remembers.
    mutating func append(_ packet: ReceivedPacket, judges: Bool, now: MonotonicTime) -> PacketContent {
        guard !packet.payload.isEmpty else { return .empty }
        if decoder == nil { decoder = try? OpusDecoder(channels: 1) }
        if let lastSequence, packet.sequence > lastSequence + 1, packet.sequence < lastSequence + 10 {
            for _ in (lastSequence + 1)..<packet.sequence { keep((try? decoder?.concealLoss()) ?? []) }
        }
        lastSequence = packet.sequence
        guard let decoded = try? decoder?.decode(packet.payload) else {
            packetsUndecodable += 1
            return .undecided
        }
        packetsDecoded += 1
        keep(decoded)
        if SoundMeasurement(decoded, channels: 1).isSilence { lastSilenceAt = now } else { lastSoundAt = now }
        guard judges else { return .undecided }
        // A decoder of its own: the one above lets what came before fade out.
        guard let alone = try? OpusDecoder(channels: 1).decode(packet.payload) else { return .undecided }
        return SoundMeasurement(alone, channels: 1).isSilence ? .silence : .sound
    }

    /// The newest 200 ms at most.
    var measurement: SoundMeasurement {
        SoundMeasurement(samples.suffix(OpusFormat.sampleRate / 5), channels: 1)
    }

    private mutating func keep(_ more: [Int16]) {
        samples += more
        if samples.count > 2 * Self.keptSamples { samples.removeFirst(samples.count - Self.keptSamples) }
    }
}

extension SoundMeasurement {
    fileprivate init(_ samples: ArraySlice<Int16>, channels: Int) {
        self.init(Array(samples), channels: channels)
    }
}
