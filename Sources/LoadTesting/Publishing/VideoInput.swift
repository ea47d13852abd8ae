import MediaCodecs
import Primitives
import RTPPackets

/// What a broadcaster's picture is.
package struct SyntheticVideoSettings: Sendable, Hashable {
    /// Shown in the picture, and whose checksum its stamps carry.
    package var name: String
    /// `vp8`, `vp9` or `h264`.
    package var codec = MediaCodec.vp8
    package var width = 640
    package var height = 360
    package var framesPerSecond = 30
    package var kilobitsPerSecond = 800
    /// Seconds between keyframes that nobody asked for; 0 for none, as browsers do.
    package var keyframeSeconds = 0.0
    /// Colour of the picture, 0 to 359.
    package var hue: Int

    /// The colour follows from the name.
    package init(name: String) {
        self.name = name
        hue = Int(PictureStamp.source(of: name)) % 360
    }

    var encoder: VideoEncoderSettings {
        VideoEncoderSettings(
            codec: codec,
            width: width,
            height: height,
            kilobitsPerSecond: kilobitsPerSecond,
            framesPerSecond: framesPerSecond
        )
    }
}

/// Frames that were encoded before and are sent again and again.
package struct RecordedVideo: Sendable {
    package let codec: MediaCodec
    package let framesPerSecond: Int
    /// At least one, the first a keyframe.
    package let frames: [EncodedFrame]

    /// `nil` without frames, or if the first is no keyframe.
    package init?(codec: MediaCodec, framesPerSecond: Int, frames: [EncodedFrame]) {
        guard let first = frames.first, first.isKeyframe, framesPerSecond > 0 else { return nil }
        self.codec = codec
        self.framesPerSecond = framesPerSecond
        self.frames = frames
    }

    /// Encodes `seconds` of a synthetic picture, with a keyframe each second so that a request for one is
    /// answered soon; its stamps' time runs from 0.
    package static func encode(_ settings: SyntheticVideoSettings, seconds: Int) throws -> RecordedVideo {
        let source = try SyntheticVideo(settings)
        let count = max(1, seconds) * settings.framesPerSecond
        var frames: [EncodedFrame] = []
        for number in 0..<count {
            frames.append(
                try source.encode(
                    number: UInt32(number),
                    timestamp: UInt32(number * 90_000 / settings.framesPerSecond),
                    wall: WallClockTime(
                        nanosecondsSince1970: Int64(number) * 1_000_000_000 / Int64(settings.framesPerSecond)
                    ),
                    forceKeyframe: number % settings.framesPerSecond == 0
                )
            )
        }
        guard
            let video = RecordedVideo(
                codec: settings.codec,
                framesPerSecond: settings.framesPerSecond,
                frames: frames
            )
        else { throw CodecError.noOutput }
        return video
    }
}

/// Where the frames of a publication come from.
package enum VideoInput: Sendable {
    /// Drawn and encoded as it is sent.
    case synthetic(SyntheticVideoSettings)
    /// Encoded before.
    case recorded(RecordedVideo)

    package var codec: MediaCodec {
        switch self {
        case .synthetic(let settings): settings.codec
        case .recorded(let video): video.codec
        }
    }

    /// The source, made where it will be used.
    func makeSource() throws -> any VideoSource {
        switch self {
        case .synthetic(let settings): try SyntheticVideo(settings)
        case .recorded(let video): RecordedVideoSource(video)
        }
    }
}

/// Gives a publication one encoded frame after the other.
protocol VideoSource: AnyObject {
    var framesPerSecond: Int { get }
    func next(timestamp: UInt32, wall: WallClockTime, wantsKeyframe: Bool) throws -> EncodedFrame
}

/// Draws the test picture and encodes it.
final class SyntheticVideo: VideoSource {
    private let settings: SyntheticVideoSettings
    private let picture: TestPicture
    private let encoder: VideoEncoder
    private var number: UInt32 = 0
    private var sinceKeyframe = 0

    var framesPerSecond: Int { settings.framesPerSecond }

    init(_ settings: SyntheticVideoSettings) throws(CodecError) {
        self.settings = settings
        encoder = try VideoEncoder(settings.encoder)
        picture = TestPicture(
            width: settings.width,
            height: settings.height,
            name: settings.name,
            hue: settings.hue
        )
    }

    func next(timestamp: UInt32, wall: WallClockTime, wantsKeyframe: Bool) throws -> EncodedFrame {
        let interval = Int(settings.keyframeSeconds * Double(settings.framesPerSecond))
        let isDue = interval > 0 && sinceKeyframe >= interval
        let frame = try encode(
            number: number,
            timestamp: timestamp,
            wall: wall,
            forceKeyframe: wantsKeyframe || isDue
        )
        number &+= 1
        sinceKeyframe = frame.isKeyframe ? 1 : sinceKeyframe + 1
        return frame
    }

    func encode(
        number: UInt32,
        timestamp: UInt32,
        wall: WallClockTime,
        forceKeyframe: Bool
    ) throws(CodecError) -> EncodedFrame {
        let drawn = picture.draw(
            frameNumber: number,
            clockText: Self.clockText(wall),
            milliseconds: Self.milliseconds(wall)
        )
        return try encoder.encode(drawn, timestamp: timestamp, forceKeyframe: forceKeyframe)
    }

    /// What a stamp drawn at `wall` says: milliseconds since 1970, modulo 2^32.
    static func milliseconds(_ wall: WallClockTime) -> UInt32 {
        UInt32(truncatingIfNeeded: wall.nanosecondsSince1970 / 1_000_000)
    }

    /// The time of day in UTC, to tenths of a second.
    private static func clockText(_ wall: WallClockTime) -> String {
        let tenths = wall.nanosecondsSince1970 / 100_000_000 % 864_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let seconds = tenths / 10
        return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60)).\(tenths % 10)"
    }
}

/// Plays recorded frames in a loop; asked for a keyframe, it goes on at the next one.
private final class RecordedVideoSource: VideoSource {
    private let video: RecordedVideo
    private var position = 0

    var framesPerSecond: Int { video.framesPerSecond }

    init(_ video: RecordedVideo) {
        self.video = video
    }

    func next(timestamp: UInt32, wall: WallClockTime, wantsKeyframe: Bool) throws -> EncodedFrame {
        let count = video.frames.count
        if wantsKeyframe {
            // The first frame is a keyframe, so that the walk ends.
            while !video.frames[position].isKeyframe { position = (position + 1) % count }
        }
        var frame = video.frames[position]
        frame.timestamp = timestamp
        position = (position + 1) % count
        return frame
    }
}
