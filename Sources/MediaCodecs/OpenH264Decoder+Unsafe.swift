import COpenH264

/// OpenH264, decoding on the caller's thread and without concealing losses, so that damage is an error.
final class OpenH264Decoder {
    // Safe because this object alone holds it, and frees it when it goes.
    private let decoder: UnsafeMutablePointer<ISVCDecoder?>

    init() throws(CodecError) {
        var created: UnsafeMutablePointer<ISVCDecoder?>?
        guard WelsCreateDecoder(&created) == 0, let decoder = created else { throw .libraryFailure(-1) }
        var quiet = Int32(WELS_LOG_QUIET)
        _ = tally_h264_decoder_set_option(decoder, DECODER_OPTION_TRACE_LEVEL, &quiet)
        var parameters = SDecodingParam()
        parameters.uiTargetDqLayer = .max
        parameters.eEcActiveIdc = ERROR_CON_DISABLE
        parameters.sVideoProperty.size = UInt32(MemoryLayout<SVideoProperty>.size)
        parameters.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC
        let status = tally_h264_decoder_initialize(decoder, &parameters)
        guard status == 0 else {
            WelsDestroyDecoder(decoder)
            throw .libraryFailure(status)
        }
        self.decoder = decoder
    }

    deinit {
        _ = tally_h264_decoder_uninitialize(decoder)
        WelsDestroyDecoder(decoder)
    }

    func decode(_ bytes: [UInt8]) throws(CodecError) -> I420Picture? {
        var planes:
            (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?) =
                (nil, nil, nil)
        var output = SBufferInfo()
        let status = withUnsafeMutableBytes(of: &planes) { planes in
            tally_h264_decode(
                decoder,
                bytes,
                Int32(bytes.count),
                planes.bindMemory(to: UnsafeMutablePointer<UInt8>?.self).baseAddress,
                &output
            )
        }
        guard status == dsErrorFree || status == dsFramePending else {
            throw .undecodable(Int(status.rawValue))
        }
        guard output.iBufferStatus == 1 else { return nil }
        let buffer = output.UsrData.sSystemBuffer
        guard buffer.iWidth <= I420Picture.maximumSide, buffer.iHeight <= I420Picture.maximumSide else {
            throw .pictureTooLarge
        }
        return I420Picture(
            width: Int(buffer.iWidth),
            height: Int(buffer.iHeight),
            luma: planes.0,
            blueDifference: planes.1,
            redDifference: planes.2,
            lumaStride: Int(buffer.iStride.0),
            chromaStride: Int(buffer.iStride.1)
        )
    }
}
