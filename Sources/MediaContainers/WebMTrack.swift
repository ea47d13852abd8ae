import MediaCodecs
import RTPPackets

/// One track of a file, as its Tracks element describes it.
package struct WebMTrack: Hashable, Sendable {
    /// 1 to 126, so that blocks name it in one byte.
    package var number: UInt8
    package var codec: MediaCodec
    /// Pixels a row and rows; 0 for audio.
    package var width: Int
    package var height: Int
    /// 0 for video.
    package var channels: Int
    /// What the decoder has to know before the first frame: OpusHead, av1C or avcC; empty for VP8 and VP9.
    package var codecPrivate: [UInt8]

    package static let numbers: ClosedRange<UInt8> = 1...126
    /// The numbers of a participant's two tracks.
    package static let videoNumber: UInt8 = 1
    package static let audioNumber: UInt8 = 2

    package init(
        number: UInt8,
        codec: MediaCodec,
        width: Int = 0,
        height: Int = 0,
        channels: Int = 0,
        codecPrivate: [UInt8] = []
    ) {
        self.number = number
        self.codec = codec
        self.width = width
        self.height = height
        self.channels = channels
        self.codecPrivate = codecPrivate
    }

    /// Audio as every WebRTC sender may send it: stereo, of which a mono packet is a special case.
    package static func opus(number: UInt8) -> WebMTrack {
        WebMTrack(number: number, codec: .opus, channels: 2, codecPrivate: OpusHead(channels: 2).bytes)
    }

    /// Describes a video track by one of its keyframes; `nil` if it does not say what is needed.
    ///
    /// `bytes` is what `FrameAssembler` gives: Annex B for H.264, OBUs with sizes for AV1.
    package init?(number: UInt8, codec: MediaCodec, keyframe bytes: [UInt8]) {
        self.init(number: number, codec: codec)
        switch codec {
        case .vp8:
            guard let header = VP8FrameHeader(parsing: bytes.span.bytes), header.isKeyframe else {
                return nil
            }
            (width, height) = (header.width, header.height)
        case .vp9:
            guard let header = VP9FrameHeader(parsing: bytes.span.bytes), header.isKeyframe else {
                return nil
            }
            (width, height) = (header.width, header.height)
        case .h264:
            guard let configuration = AVCConfiguration(accessUnit: bytes) else { return nil }
            (width, height) = (configuration.width, configuration.height)
            codecPrivate = configuration.bytes
        case .av1:
            guard let unit = AV1TemporalUnit(reading: bytes), let configuration = AV1Configuration(unit)
            else {
                return nil
            }
            (width, height) = (configuration.width, configuration.height)
            codecPrivate = configuration.bytes
        case .opus:
            return nil
        }
        guard width > 0, height > 0 else { return nil }
    }

    /// The name of a codec in files (Matroska codec mappings).
    package static func identifier(of codec: MediaCodec) -> String {
        switch codec {
        case .vp8: "V_VP8"
        case .vp9: "V_VP9"
        case .av1: "V_AV1"
        case .h264: "V_MPEG4/ISO/AVC"
        case .opus: "A_OPUS"
        }
    }

    /// The codec of that name; `nil` for others.
    package static func codec(of identifier: String) -> MediaCodec? {
        MediaCodec.allCases.first { Self.identifier(of: $0) == identifier }
    }
}
