import COpenH264
import RTPPackets

/// OpenH264 for real time: Constrained Baseline, one slice, one reference, parameter sets with every keyframe.
final class OpenH264Encoder {
    // Safe because this object alone holds it, and frees it when it goes.
    private let encoder: UnsafeMutablePointer<ISVCEncoder?>
    private let settings: VideoEncoderSettings
    private var clock: EncoderClock

    init(_ settings: VideoEncoderSettings) throws(CodecError) {
        var created: UnsafeMutablePointer<ISVCEncoder?>?
        guard WelsCreateSVCEncoder(&created) == 0, let encoder = created else { throw .libraryFailure(-1) }
        var quiet = Int32(WELS_LOG_QUIET)
        _ = tally_h264_encoder_set_option(encoder, ENCODER_OPTION_TRACE_LEVEL, &quiet)
        var parameters = SEncParamExt()
        _ = tally_h264_encoder_defaults(encoder, &parameters)
        Self.configure(&parameters, settings)
        let status = tally_h264_encoder_initialize(encoder, &parameters)
        guard status == 0 else {
            WelsDestroySVCEncoder(encoder)
            throw .libraryFailure(Int(status))
        }
        self.encoder = encoder
        self.settings = settings
        clock = EncoderClock(framesPerSecond: settings.framesPerSecond)
    }

    deinit {
        _ = tally_h264_encoder_uninitialize(encoder)
        WelsDestroySVCEncoder(encoder)
    }

    private static func configure(_ parameters: inout SEncParamExt, _ settings: VideoEncoderSettings) {
        let bitsPerSecond = Int32(settings.kilobitsPerSecond * 1_000)
        parameters.iUsageType = CAMERA_VIDEO_REAL_TIME
        parameters.iPicWidth = Int32(settings.width)
        parameters.iPicHeight = Int32(settings.height)
        parameters.iTargetBitrate = bitsPerSecond
        parameters.iMaxBitrate = UNSPECIFIED_BIT_RATE
        parameters.iRCMode = settings.constantQuantizer == nil ? RC_BITRATE_MODE : RC_OFF_MODE
        parameters.fMaxFrameRate = Float(settings.framesPerSecond)
        parameters.iTemporalLayerNum = 1
        parameters.iSpatialLayerNum = 1
        parameters.iComplexityMode = LOW_COMPLEXITY
        parameters.uiIntraPeriod = 0
        parameters.iNumRefFrame = 1
        parameters.eSpsPpsIdStrategy = CONSTANT_ID
        parameters.bPrefixNalAddingCtrl = false
        parameters.iEntropyCodingModeFlag = 0
        parameters.bEnableFrameSkip = false
        parameters.iMultipleThreadIdc = 1
        parameters.bEnableDenoise = false
        parameters.bEnableSceneChangeDetect = false
        parameters.bEnableBackgroundDetection = false
        parameters.bEnableAdaptiveQuant = false
        parameters.sSpatialLayers.0.iVideoWidth = Int32(settings.width)
        parameters.sSpatialLayers.0.iVideoHeight = Int32(settings.height)
        parameters.sSpatialLayers.0.fFrameRate = Float(settings.framesPerSecond)
        parameters.sSpatialLayers.0.iSpatialBitrate = bitsPerSecond
        parameters.sSpatialLayers.0.iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE
        parameters.sSpatialLayers.0.uiProfileIdc = PRO_BASELINE
        parameters.sSpatialLayers.0.uiLevelIdc = LEVEL_UNKNOWN
        parameters.sSpatialLayers.0.sSliceArgument.uiSliceMode = SM_SINGLE_SLICE
        if let quantizer = settings.constantQuantizer {
            parameters.sSpatialLayers.0.iDLayerQp = Int32(quantizer)
        }
    }

    func setBitRate(_ kilobitsPerSecond: Int) throws(CodecError) {
        var rate = SBitrateInfo(iLayer: SPATIAL_LAYER_ALL, iBitrate: Int32(kilobitsPerSecond * 1_000))
        let status = tally_h264_encoder_set_option(encoder, ENCODER_OPTION_BITRATE, &rate)
        guard status == 0 else { throw .libraryFailure(Int(status)) }
    }

    func encode(
        _ picture: I420Picture,
        timestamp: UInt32,
        forceKeyframe: Bool
    ) throws(CodecError) -> EncodedFrame {
        clock.advance(to: timestamp)
        if forceKeyframe { _ = tally_h264_force_keyframe(encoder) }
        var output = SFrameBSInfo()
        let status = submit(picture, &output)
        guard status == 0 else { throw .libraryFailure(Int(status)) }
        var bytes: [UInt8] = []
        for index in 0..<max(output.iLayerNum, 0) {
            guard let layer = tally_h264_layer(&output, index), let lengths = layer.pointee.pNalLengthInByte
            else { continue }
            // Safe because the library's buffers stay valid until its next call, and it wrote the lengths itself.
            let size = (0..<Int(layer.pointee.iNalCount)).reduce(0) { $0 + Int(lengths[$1]) }
            bytes += UnsafeBufferPointer(start: layer.pointee.pBsBuf, count: size)
        }
        guard !bytes.isEmpty else { throw .noOutput }
        return EncodedFrame(
            codec: .h264,
            bytes: settings.level == nil ? bytes : statingLevel(bytes),
            timestamp: timestamp,
            isKeyframe: output.eFrameType == videoFrameTypeIDR,
            width: settings.width,
            height: settings.height
        )
    }

    private func submit(_ picture: I420Picture, _ output: inout SFrameBSInfo) -> Int32 {
        picture.luma.withUnsafeBufferPointer { luma in
            picture.blueDifference.withUnsafeBufferPointer { blue in
                picture.redDifference.withUnsafeBufferPointer { red in
                    // Safe because OpenH264 only reads the planes, and only during the call.
                    var source = SSourcePicture()
                    source.iColorFormat = Int32(videoFormatI420.rawValue)
                    source.iPicWidth = Int32(picture.width)
                    source.iPicHeight = Int32(picture.height)
                    source.iStride.0 = Int32(picture.width)
                    source.iStride.1 = Int32(picture.width / 2)
                    source.iStride.2 = Int32(picture.width / 2)
                    source.pData.0 = UnsafeMutablePointer(mutating: luma.baseAddress)
                    source.pData.1 = UnsafeMutablePointer(mutating: blue.baseAddress)
                    source.pData.2 = UnsafeMutablePointer(mutating: red.baseAddress)
                    source.uiTimeStamp = clock.ticks / 90
                    return tally_h264_encode(encoder, &source, &output)
                }
            }
        }
    }

    /// Writes the wanted level into the sequence parameter sets: OpenH264 picks one from the bit rate, which for
    /// a stream that is negotiated to a level says nothing.
    private func statingLevel(_ bytes: [UInt8]) -> [UInt8] {
        guard let level = settings.level?.level else { return bytes }
        var bytes = bytes
        for unit in AnnexB.split(bytes) where H264ProfileLevelID(sequenceParameterSet: unit) != nil {
            bytes[unit.startIndex + 3] = level
        }
        return bytes
    }
}
