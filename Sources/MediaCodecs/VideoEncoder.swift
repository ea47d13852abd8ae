import RTPPackets

/// Encodes pictures to VP8, VP9 (libvpx) or H.264 Constrained Baseline (OpenH264) in real time, one frame a picture.
///
/// Keyframes come first and on demand only. For one caller at a time.
package final class VideoEncoder {
    package let settings: VideoEncoderSettings
    private let library: Library

    private enum Library {
        case vpx(VPXEncoder)
        case openH264(OpenH264Encoder)
    }

    /// Throws `unsupportedCodec`, `invalidSettings` or `libraryFailure`.
    package init(_ settings: VideoEncoderSettings) throws(CodecError) {
        try settings.validate()
        self.settings = settings
        library =
            settings.codec == .h264
            ? .openH264(try OpenH264Encoder(settings)) : .vpx(try VPXEncoder(settings))
    }

    /// Encodes the next picture, which must have the size of the settings; `timestamp` is RTP time (90 kHz).
    ///
    /// Throws `invalidSettings`, `libraryFailure` or `noOutput`.
    package func encode(
        _ picture: I420Picture,
        timestamp: UInt32,
        forceKeyframe: Bool = false
    ) throws(CodecError) -> EncodedFrame {
        guard picture.width == settings.width, picture.height == settings.height else {
            throw .invalidSettings(
                "picture \(picture.width)x\(picture.height): encoder \(settings.width)x\(settings.height)"
            )
        }
        switch library {
        case .vpx(let encoder):
            return try encoder.encode(picture, timestamp: timestamp, forceKeyframe: forceKeyframe)
        case .openH264(let encoder):
            return try encoder.encode(picture, timestamp: timestamp, forceKeyframe: forceKeyframe)
        }
    }

    /// Changes the target bit rate from the next picture on; throws `invalidSettings` or `libraryFailure`.
    package func setBitRate(kilobitsPerSecond: Int) throws(CodecError) {
        guard VideoEncoderSettings.bitRates.contains(kilobitsPerSecond) else {
            throw .invalidSettings("bit rate \(kilobitsPerSecond) kbit/s: \(VideoEncoderSettings.bitRates)")
        }
        switch library {
        case .vpx(let encoder): try encoder.setBitRate(kilobitsPerSecond)
        case .openH264(let encoder): try encoder.setBitRate(kilobitsPerSecond)
        }
    }
}

/// RTP timestamps, which wrap and may stand still, as a clock that only moves forward.
struct EncoderClock {
    private let step: Int64
    private var last: UInt32?
    /// Units of 1/90000 s since the first picture.
    private(set) var ticks: Int64 = 0

    init(framesPerSecond: Int) {
        step = Int64(90_000 / framesPerSecond)
    }

    mutating func advance(to timestamp: UInt32) {
        if let last {
            let delta = Int64(Int32(bitPattern: timestamp &- last))
            ticks += delta > 0 ? delta : step
        }
        last = timestamp
    }
}
