import Foundation
import MediaCodecs
import RTPPackets
import Testing

/// Encoded media in which the picture turns white and a tone sounds for a fifth of each second, from the first on.
struct FlashAndBeep: Sendable {
    static let framesPerSecond = 30
    static let seconds = 8
    static let keyframeInterval = 60
    static let width = 320
    static let height = 180

    /// A frame and its place, in seconds.
    struct Frame: Sendable {
        var time: Double
        var bytes: [UInt8]
        var isKeyframe: Bool
        var width: Int
        var height: Int
    }

    let codec: MediaCodec
    let frames: [Frame]

    private static func isMarked(_ time: Double) -> Bool {
        time >= 1 - 1e-9 && (time + 1e-9).truncatingRemainder(dividingBy: 1) < 0.2
    }

    private static func picture(_ number: Int, width: Int, height: Int) -> I420Picture {
        let isWhite = isMarked(Double(number) / Double(framesPerSecond))
        var picture = I420Picture(width: width, height: height, color: isWhite ? .white : .black)
        picture.fillDisc(
            centerX: number * 7 % width,
            centerY: number * 3 % height,
            radius: height / 8,
            color: PictureColor(red: 90, green: UInt8(number % 200), blue: 140)
        )
        return picture
    }

    /// Video of a codec that is encoded here; the picture doubles its size at `growsAt` seconds.
    static func encode(
        _ codec: MediaCodec,
        seconds: Int = seconds,
        growsAt: Int = .max
    ) throws -> FlashAndBeep {
        var frames: [Frame] = []
        var (width, height) = (width, height)
        func encoder() throws -> VideoEncoder {
            try VideoEncoder(
                VideoEncoderSettings(codec: codec, width: width, height: height, kilobitsPerSecond: 400)
            )
        }
        var current = try encoder()
        for number in 0..<(seconds * framesPerSecond) {
            if number == growsAt.multipliedReportingOverflow(by: framesPerSecond).partialValue {
                (width, height) = (2 * width, 2 * height)
                current = try encoder()
            }
            let frame = try current.encode(
                picture(number, width: width, height: height),
                timestamp: UInt32(number * 3_000),
                forceKeyframe: number % keyframeInterval == 0
            )
            frames.append(
                Frame(
                    time: Double(number) / Double(framesPerSecond),
                    bytes: frame.bytes,
                    isKeyframe: frame.isKeyframe,
                    width: width,
                    height: height
                )
            )
        }
        return FlashAndBeep(codec: codec, frames: frames)
    }

    /// AV1 as FFmpeg's `encoder` (libsvtav1, libaom-av1) writes it: temporal units out of an IVF file.
    static func encodeAV1(_ encoder: String, seconds: Int = seconds) throws -> FlashAndBeep {
        let folder = try TemporaryFolder()
        let source = folder.file("source.y4m")
        var bytes = Array("YUV4MPEG2 W\(width) H\(height) F\(framesPerSecond):1 Ip A1:1 C420jpeg\n".utf8)
        for number in 0..<(seconds * framesPerSecond) {
            let picture = picture(number, width: width, height: height)
            bytes += Array("FRAME\n".utf8) + picture.luma + picture.blueDifference + picture.redDifference
        }
        try Data(bytes).write(to: source)
        let output = folder.file("encoded.ivf")
        let options =
            encoder == "libsvtav1"
            ? ["-preset", "10", "-svtav1-params", "pred-struct=1"]
            : ["-cpu-used", "8", "-usage", "realtime", "-lag-in-frames", "0"]
        try MediaTool.ffmpeg.run(
            ["-i", source.path, "-c:v", encoder, "-b:v", "300k", "-g", "\(keyframeInterval)"] + options
                + [output.path]
        )
        let file = Array(try Data(contentsOf: output))
        var frames: [Frame] = []
        // IVF: a head of 32 bytes, then frames of size (4 bytes), time (8 bytes) and data, little-endian.
        var offset = 32
        while offset + 12 <= file.count {
            let size = (0..<4).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
            let number = (0..<8).reduce(0) { $0 | Int(file[offset + 4 + $1]) << (8 * $1) }
            let unit = Array(file[(offset + 12)..<(offset + 12 + size)])
            let isKeyframe = try #require(AV1TemporalUnit(reading: unit)).isKeyframe
            frames.append(
                Frame(
                    time: Double(number) / Double(framesPerSecond),
                    bytes: unit,
                    isKeyframe: isKeyframe,
                    width: width,
                    height: height
                )
            )
            offset += 12 + size
        }
        try #require(frames.count == seconds * framesPerSecond, "\(frames.count) frames of \(encoder)")
        return FlashAndBeep(codec: .av1, frames: frames)
    }

    /// Packets of 20 ms of sound.
    static func encodeAudio(seconds: Int = seconds) throws -> FlashAndBeep {
        let encoder = try OpusEncoder(channels: 1)
        var tone = ToneGenerator(frequency: 1_000, amplitude: 0.5, channels: 1)
        let silence = [Int16](repeating: 0, count: 960)
        let frames = try (0..<(seconds * 50)).map { number in
            let time = Double(number) / 50
            let sound = tone.next()
            return Frame(
                time: time,
                bytes: try encoder.encode(isMarked(time) ? sound : silence),
                isKeyframe: true,
                width: 0,
                height: 0
            )
        }
        return FlashAndBeep(codec: .opus, frames: frames)
    }

    // Encoded once, as every test wants them.
    private static let vp8 = Result { try encode(.vp8) }
    private static let vp9 = Result { try encode(.vp9) }
    private static let h264 = Result { try encode(.h264) }
    private static let svtAV1 = Result { try encodeAV1("libsvtav1") }
    private static let opus = Result { try encodeAudio() }

    static func of(_ codec: MediaCodec) throws -> FlashAndBeep {
        switch codec {
        case .vp8: try vp8.get()
        case .vp9: try vp9.get()
        case .h264: try h264.get()
        case .av1: try svtAV1.get()
        case .opus: try opus.get()
        }
    }
}
