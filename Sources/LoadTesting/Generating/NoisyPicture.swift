import MediaCodecs
import Primitives

/// A test picture with as much noise in it as an encoder needs to reach its bit rate.
///
/// A drawing alone is so easy to code that a stream of it has a fraction of the rate that was asked for.
struct NoisyPicture {
    /// Pixels a side of the grains.
    private static let grain = 4

    private let picture: TestPicture
    private let settings: SyntheticVideoSettings
    /// Grains of a hundred that change from one frame to the next.
    private let percent: Int
    private var random = SeededRandom(seed: 1)

    init(_ settings: SyntheticVideoSettings, percent: Int) {
        self.settings = settings
        self.percent = percent
        picture = TestPicture(
            width: settings.width,
            height: settings.height,
            name: settings.name,
            hue: settings.hue
        )
    }

    mutating func draw(number: UInt32) -> I420Picture {
        let milliseconds = number * 1_000 / UInt32(settings.framesPerSecond)
        var drawn = picture.draw(
            frameNumber: number,
            clockText: "\(milliseconds / 1_000).\(milliseconds / 100 % 10)",
            milliseconds: milliseconds
        )
        // Between the name and the strip with the picture's own stamp.
        let rows = (settings.height / 4)..<PictureStamp.top(height: settings.height) - Self.grain
        for y in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.grain) {
            for x in stride(from: 0, to: settings.width, by: Self.grain) {
                let value = random.next()
                guard value % 100 < UInt64(percent) else { continue }
                drawn.fillRectangle(
                    x: x,
                    y: y,
                    width: Self.grain,
                    height: Self.grain,
                    color: PictureColor(hue: settings.hue, saturation: 30, value: Int(value >> 32 % 100))
                )
            }
        }
        return drawn
    }
}

extension RecordedVideo {
    /// How near to the rate asked for a recording has to be, in percent, before more noise is tried.
    private static let sufficientPercent = 92
    private static let trialSeconds = 2

    /// Encodes `seconds` with a keyframe every `keyframeSeconds`, at the bit rate asked for.
    ///
    /// Throws `CodecError`.
    package static func encodeAtRate(
        _ settings: SyntheticVideoSettings,
        seconds: Int,
        keyframeSeconds: Double
    ) throws -> RecordedVideo {
        var percent = 0
        while percent < 100 {
            let trial = try encode(
                settings,
                seconds: min(seconds, trialSeconds),
                keyframeSeconds: keyframeSeconds,
                percent: percent
            )
            if trial.kilobitsPerSecond * 100 >= settings.kilobitsPerSecond * sufficientPercent { break }
            percent = percent == 0 ? 2 : percent * 2
        }
        return try encode(
            settings,
            seconds: seconds,
            keyframeSeconds: keyframeSeconds,
            percent: min(percent, 100)
        )
    }

    /// The mean over all frames.
    package var kilobitsPerSecond: Int {
        frames.reduce(0) { $0 + $1.bytes.count } * 8 * framesPerSecond / max(1, frames.count) / 1_000
    }

    private static func encode(
        _ settings: SyntheticVideoSettings,
        seconds: Int,
        keyframeSeconds: Double,
        percent: Int
    ) throws -> RecordedVideo {
        let encoder = try VideoEncoder(settings.encoder)
        var picture = NoisyPicture(settings, percent: percent)
        let interval = max(1, Int(keyframeSeconds * Double(settings.framesPerSecond)))
        var frames: [EncodedFrame] = []
        for number in 0..<(max(1, seconds) * settings.framesPerSecond) {
            frames.append(
                try encoder.encode(
                    picture.draw(number: UInt32(number)),
                    timestamp: UInt32(number * 90_000 / settings.framesPerSecond),
                    forceKeyframe: number % interval == 0
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
