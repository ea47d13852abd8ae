import RTPPackets

/// Decodes VP8, VP9 (libvpx) and H.264 (OpenH264) frames to pictures.
///
/// For one caller at a time. Bad frames are errors; after one the next keyframe decodes again.
package final class VideoDecoder {
    package let codec: MediaCodec
    private let library: Library

    /// The largest frame that is given to a codec library: far above any keyframe of a live stream.
    package static let maximumFrameBytes = 4 << 20

    private enum Library {
        case vpx(VPXDecoder)
        case openH264(OpenH264Decoder)
    }

    /// Throws `unsupportedCodec` or `libraryFailure`.
    package init(codec: MediaCodec) throws(CodecError) {
        self.codec = codec
        switch codec {
        case .vp8, .vp9: library = .vpx(try VPXDecoder(codec: codec))
        case .h264: library = .openH264(try OpenH264Decoder())
        default: throw .unsupportedCodec
        }
    }

    /// Decodes one whole frame (H.264: an access unit in Annex B form); `nil` if it shows no picture.
    ///
    /// Throws `undecodable` or `pictureTooLarge`.
    package func decode(_ bytes: [UInt8]) throws(CodecError) -> I420Picture? {
        guard !bytes.isEmpty, bytes.count <= Self.maximumFrameBytes else { throw .undecodable(0) }
        switch library {
        case .vpx(let decoder): return try decoder.decode(bytes)
        case .openH264(let decoder): return try decoder.decode(bytes)
        }
    }
}
