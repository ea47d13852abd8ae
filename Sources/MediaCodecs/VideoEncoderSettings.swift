import RTPPackets

/// What a video encoder is made for; fixed for its life but for the bit rate.
package struct VideoEncoderSettings: Hashable, Sendable {
    /// `vp8`, `vp9` or `h264`.
    package var codec: MediaCodec
    /// Pixels a row and rows; even.
    package var width: Int
    package var height: Int
    /// Target bit rate, 10 to 100,000 kbit/s.
    package var kilobitsPerSecond: Int
    /// Nominal frame rate, 1 to 60.
    package var framesPerSecond: Int
    /// 1 to 3; more than one for VP8 only.
    package var temporalLayers: Int
    /// A quantizer in the codec's own scale (VP8, VP9 0 to 63, H.264 0 to 51) in place of a bit rate.
    package var constantQuantizer: Int?
    /// For H.264: the stream says this level and keeps its picture size.
    package var level: H264ProfileLevelID?

    package static let bitRates = 10...100_000
    package static let frameRates = 1...60

    package init(
        codec: MediaCodec,
        width: Int,
        height: Int,
        kilobitsPerSecond: Int = 800,
        framesPerSecond: Int = 30,
        temporalLayers: Int = 1,
        constantQuantizer: Int? = nil,
        level: H264ProfileLevelID? = nil
    ) {
        self.codec = codec
        self.width = width
        self.height = height
        self.kilobitsPerSecond = kilobitsPerSecond
        self.framesPerSecond = framesPerSecond
        self.temporalLayers = temporalLayers
        self.constantQuantizer = constantQuantizer
        self.level = level
    }

    /// The picture's size in macroblocks of 16 by 16.
    package var macroblocks: Int { (width + 15) / 16 * ((height + 15) / 16) }

    func validate() throws(CodecError) {
        guard codec == .vp8 || codec == .vp9 || codec == .h264 else { throw .unsupportedCodec }
        guard I420Picture.isValidSize(width: width, height: height) else {
            throw .invalidSettings("size \(width)x\(height): even sides of 2 to \(I420Picture.maximumSide)")
        }
        guard Self.bitRates.contains(kilobitsPerSecond) else {
            throw .invalidSettings("bit rate \(kilobitsPerSecond) kbit/s: \(Self.bitRates)")
        }
        guard Self.frameRates.contains(framesPerSecond) else {
            throw .invalidSettings("frame rate \(framesPerSecond): \(Self.frameRates)")
        }
        guard (1...(codec == .vp8 ? 3 : 1)).contains(temporalLayers) else {
            throw .invalidSettings("\(temporalLayers) temporal layers: 1, or up to 3 for VP8")
        }
        if let quantizer = constantQuantizer {
            guard (0...(codec == .h264 ? 51 : 63)).contains(quantizer) else {
                throw .invalidSettings("quantizer \(quantizer): 0 to \(codec == .h264 ? 51 : 63)")
            }
        }
        if let level, codec == .h264 {
            guard macroblocks <= level.maximumMacroblocks else {
                throw .invalidSettings(
                    "size \(width)x\(height): level \(level.level) allows \(level.maximumMacroblocks) macroblocks"
                )
            }
        }
    }
}
