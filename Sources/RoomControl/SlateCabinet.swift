import MediaCodecs
import RTPPackets
import RelayEngine
import RelayRuntime
import Rooms
import SlateMedia
import Synchronization

/// The slates and the silence of this relay, made before a media loop needs them.
final class SlateCabinet: Sendable {
    /// Level 3.1, which every browser offers: the usual H.264 slate.
    private static let usualLevel: UInt8 = 0x1F

    private let library = SlateLibrary()
    private let made: Mutex<[SlateFrames]>

    /// Makes VP8, VP9, H.264 and Opus.
    ///
    /// Throws what their encoders throw.
    init() throws {
        var slates: [SlateFrames] = []
        for codec in [MediaCodec.vp8, .vp9] {
            if let slate = try library.slate(codec: codec),
                let frames = SlateFrames(codec: codec, payloads: slate.keyframePayloads)
            {
                slates.append(frames)
            }
        }
        let silence = try OpusSilence()
        if let frames = SlateFrames(codec: .opus, payloads: [silence.mono]) { slates.append(frames) }
        made = Mutex(slates)
        _ = try makeH264(level: Self.usualLevel)
    }

    /// All that is made.
    var slates: [SlateFrames] { made.withLock { $0 } }

    /// Makes sure that an H.264 slate of this level or a lower one exists; some milliseconds the first time.
    ///
    /// Answers whether one was made, so that the loops must be told.
    func prepare(h264Level level: UInt8, tell plane: DataPlane) {
        guard level > 0, !slates.contains(where: { $0.codec == .h264 && $0.level <= level }) else { return }
        if (try? makeH264(level: level)) == true { _ = plane.postToAll([.setSlates(slates)]) }
    }

    private func makeH264(level: UInt8) throws -> Bool {
        let profile = H264ProfileLevelID(profile: 0x42, constraints: 0xE0, level: level)
        guard let slate = try library.slate(codec: .h264, profileLevelID: profile),
            let frames = SlateFrames(
                codec: .h264,
                level: level,
                payloads: slate.keyframePayloads,
                alternatePayloads: slate.alternateKeyframePayloads
            )
        else { return false }
        made.withLock { $0.append(frames) }
        return true
    }
}
