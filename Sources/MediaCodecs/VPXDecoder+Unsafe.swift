import CVPX
import RTPPackets

/// libvpx, decoding on the caller's thread.
final class VPXDecoder {
    // Safe because this object alone holds it, and frees it when it goes.
    private let context: UnsafeMutablePointer<vpx_codec_ctx_t>
    private let codec: MediaCodec

    init(codec: MediaCodec) throws(CodecError) {
        let context = UnsafeMutablePointer<vpx_codec_ctx_t>.allocate(capacity: 1)
        context.initialize(to: vpx_codec_ctx_t())
        var configuration = vpx_codec_dec_cfg_t(threads: 1, w: 0, h: 0)
        let status = tally_vpx_decoder_init(context, Self.interface(codec), &configuration)
        guard status == VPX_CODEC_OK else {
            context.deallocate()
            throw .libraryFailure(Int(status.rawValue))
        }
        self.context = context
        self.codec = codec
    }

    deinit {
        vpx_codec_destroy(context)
        context.deallocate()
    }

    private static func interface(_ codec: MediaCodec) -> OpaquePointer? {
        codec == .vp9 ? vpx_codec_vp9_dx() : vpx_codec_vp8_dx()
    }

    func decode(_ bytes: [UInt8]) throws(CodecError) -> I420Picture? {
        // The size that a keyframe states is looked at before libvpx allocates for it.
        var information = vpx_codec_stream_info_t()
        information.sz = UInt32(MemoryLayout<vpx_codec_stream_info_t>.size)
        let known = vpx_codec_peek_stream_info(
            Self.interface(codec),
            bytes,
            UInt32(bytes.count),
            &information
        )
        if known == VPX_CODEC_OK {
            guard information.w <= I420Picture.maximumSide, information.h <= I420Picture.maximumSide else {
                throw .pictureTooLarge
            }
        }
        let status = vpx_codec_decode(context, bytes, UInt32(bytes.count), nil, 0)
        guard status == VPX_CODEC_OK else { throw .undecodable(Int(status.rawValue)) }
        var iterator: vpx_codec_iter_t?
        var picture: I420Picture?
        while let image = vpx_codec_get_frame(context, &iterator) {
            guard image.pointee.fmt == VPX_IMG_FMT_I420 else {
                throw .undecodable(Int(VPX_CODEC_UNSUP_BITSTREAM.rawValue))
            }
            guard image.pointee.d_w <= I420Picture.maximumSide, image.pointee.d_h <= I420Picture.maximumSide
            else { throw .pictureTooLarge }
            picture = I420Picture(
                width: Int(image.pointee.d_w),
                height: Int(image.pointee.d_h),
                luma: image.pointee.planes.0,
                blueDifference: image.pointee.planes.1,
                redDifference: image.pointee.planes.2,
                lumaStride: Int(image.pointee.stride.0),
                chromaStride: Int(image.pointee.stride.1)
            )
        }
        return picture
    }
}
