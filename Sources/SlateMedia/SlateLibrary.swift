import MediaCodecs
import RTPPackets
import Synchronization

/// Makes slates and keeps them, one for each codec, size, text and H.264 level.
///
/// May be used from any thread. Making one takes milliseconds of processor time: never ask on a media loop, but before a viewer is handed over.
package final class SlateLibrary: Sendable {
    package static let defaultWidth = 640
    package static let defaultHeight = 360
    package static let defaultText = "withheld"
    package static let defaultDetail = "not shared with this audience"

    /// Codecs times a few sizes and texts; sizes come from viewers, so that there must be an end to them.
    package static let capacity = 64

    private struct Key: Hashable {
        let codec: MediaCodec
        let width: Int
        let height: Int
        let text: String
        let detail: String
        let level: UInt8?
        let maximumPayloadBytes: Int
    }

    private struct Shelf {
        var slates: [Key: Slate] = [:]
        /// Oldest first.
        var order: [Key] = []
    }

    private let shelf = Mutex(Shelf())

    package init() {}

    /// Slates kept now.
    package var count: Int { shelf.withLock { $0.slates.count } }

    /// The slate for a codec, made now if there is none yet; `nil` for codecs without an encoder here (AV1, Opus).
    ///
    /// For H.264 the stream is Constrained Baseline, which decoders of every profile take, and states the level of
    /// `profileLevelID` (the answered one); the size is halved until that level allows it. Throws `CodecError`.
    package func slate(
        codec: MediaCodec,
        width: Int = defaultWidth,
        height: Int = defaultHeight,
        text: String = defaultText,
        detail: String = defaultDetail,
        profileLevelID: H264ProfileLevelID? = nil,
        maximumPayloadBytes: Int = VideoPacketizer.defaultPayloadBytes
    ) throws(CodecError) -> Slate? {
        guard codec == .vp8 || codec == .vp9 || codec == .h264 else { return nil }
        let level = codec == .h264 ? profileLevelID ?? .constrainedBaseline : nil
        let key = Key(
            codec: codec,
            width: width,
            height: height,
            text: text,
            detail: detail,
            level: level?.level,
            maximumPayloadBytes: maximumPayloadBytes
        )
        if let known = shelf.withLock({ $0.slates[key] }) { return known }
        let made = try Self.make(key, level: level)
        return shelf.withLock { shelf in
            if let other = shelf.slates[key] { return other }
            if shelf.order.count >= Self.capacity { shelf.slates[shelf.order.removeFirst()] = nil }
            shelf.slates[key] = made
            shelf.order.append(key)
            return made
        }
    }

    private static func make(_ key: Key, level: H264ProfileLevelID?) throws(CodecError) -> Slate {
        var settings = VideoEncoderSettings(
            codec: key.codec,
            width: key.width,
            height: key.height,
            kilobitsPerSecond: 1_000,
            framesPerSecond: 1,
            constantQuantizer: key.codec == .h264 ? 22 : 24,
            level: level
        )
        if let level {
            while settings.macroblocks > level.maximumMacroblocks {
                settings.width = settings.width / 2 & ~1
                settings.height = settings.height / 2 & ~1
            }
        }
        let encoder = try VideoEncoder(settings)
        let picture = SlatePicture.draw(
            width: settings.width,
            height: settings.height,
            text: key.text,
            detail: key.detail
        )
        let first = try payloads(encoder, picture, timestamp: 0, limit: key.maximumPayloadBytes)
        let second =
            key.codec == .h264
            ? try payloads(encoder, picture, timestamp: 90_000, limit: key.maximumPayloadBytes) : first
        return Slate(
            codec: key.codec,
            width: settings.width,
            height: settings.height,
            keyframePayloads: first,
            alternateKeyframePayloads: second
        )
    }

    private static func payloads(
        _ encoder: VideoEncoder,
        _ picture: I420Picture,
        timestamp: UInt32,
        limit: Int
    ) throws(CodecError) -> [[UInt8]] {
        let frame = try encoder.encode(picture, timestamp: timestamp, forceKeyframe: true)
        guard frame.isKeyframe else { throw .noOutput }
        var packetizer = VideoPacketizer(codec: frame.codec, maximumPayloadBytes: limit)
        return packetizer.packetize(frame)
    }
}
