import CVPX
import RTPPackets

/// libvpx for real time: no lag, constant bit rate, error resilient.
final class VPXEncoder {
    // Safe because this object alone holds the two, and frees them when it goes.
    private let context: UnsafeMutablePointer<vpx_codec_ctx_t>
    private let configuration: UnsafeMutablePointer<vpx_codec_enc_cfg_t>
    private let settings: VideoEncoderSettings
    private var pattern: TemporalPattern
    private var clock: EncoderClock
    private var isFirst = true

    init(_ settings: VideoEncoderSettings) throws(CodecError) {
        let pattern = TemporalPattern(layers: settings.temporalLayers)
        let configuration = UnsafeMutablePointer<vpx_codec_enc_cfg_t>.allocate(capacity: 1)
        configuration.initialize(to: vpx_codec_enc_cfg_t())
        let context = UnsafeMutablePointer<vpx_codec_ctx_t>.allocate(capacity: 1)
        context.initialize(to: vpx_codec_ctx_t())
        let interface = settings.codec == .vp9 ? vpx_codec_vp9_cx() : vpx_codec_vp8_cx()
        var status = vpx_codec_enc_config_default(interface, configuration, 0)
        if status == VPX_CODEC_OK {
            Self.configure(&configuration.pointee, settings, pattern)
            status = tally_vpx_encoder_init(context, interface, configuration)
        }
        guard status == VPX_CODEC_OK else {
            context.deallocate()
            configuration.deallocate()
            throw .libraryFailure(Int(status.rawValue))
        }
        self.context = context
        self.configuration = configuration
        self.settings = settings
        self.pattern = pattern
        clock = EncoderClock(framesPerSecond: settings.framesPerSecond)
        setControls()
    }

    deinit {
        vpx_codec_destroy(context)
        context.deallocate()
        configuration.deallocate()
    }

    private static func configure(
        _ configuration: inout vpx_codec_enc_cfg_t,
        _ settings: VideoEncoderSettings,
        _ pattern: TemporalPattern
    ) {
        configuration.g_w = UInt32(settings.width)
        configuration.g_h = UInt32(settings.height)
        configuration.g_timebase = vpx_rational(num: 1, den: 90_000)
        configuration.g_threads = 1
        configuration.g_lag_in_frames = 0
        configuration.g_error_resilient = vpx_codec_er_flags_t(VPX_ERROR_RESILIENT_DEFAULT)
        configuration.g_pass = VPX_RC_ONE_PASS
        configuration.kf_mode = VPX_KF_DISABLED
        configuration.rc_end_usage = VPX_CBR
        configuration.rc_dropframe_thresh = 0
        configuration.rc_resize_allowed = 0
        configuration.rc_min_quantizer = UInt32(settings.constantQuantizer ?? 2)
        configuration.rc_max_quantizer = UInt32(settings.constantQuantizer ?? 56)
        configuration.rc_undershoot_pct = 50
        configuration.rc_overshoot_pct = 50
        configuration.rc_buf_sz = 1_000
        configuration.rc_buf_initial_sz = 500
        configuration.rc_buf_optimal_sz = 600
        setRate(&configuration, settings.kilobitsPerSecond, pattern)
    }

    private static func setRate(
        _ configuration: inout vpx_codec_enc_cfg_t,
        _ kilobitsPerSecond: Int,
        _ pattern: TemporalPattern
    ) {
        configuration.rc_target_bitrate = UInt32(kilobitsPerSecond)
        guard pattern.layers > 1 else { return }
        configuration.ts_number_layers = UInt32(pattern.layers)
        configuration.ts_periodicity = UInt32(pattern.sequence.count)
        withUnsafeMutableBytes(of: &configuration.ts_target_bitrate) { bytes in
            let rates = bytes.bindMemory(to: UInt32.self)
            for (layer, percent) in pattern.ratePercent.enumerated() {
                rates[layer] = UInt32(kilobitsPerSecond * percent / 100)
            }
        }
        withUnsafeMutableBytes(of: &configuration.ts_rate_decimator) { bytes in
            let decimators = bytes.bindMemory(to: UInt32.self)
            for layer in 0..<pattern.layers { decimators[layer] = 1 << UInt32(pattern.layers - 1 - layer) }
        }
        withUnsafeMutableBytes(of: &configuration.ts_layer_id) { bytes in
            let layers = bytes.bindMemory(to: UInt32.self)
            for (index, layer) in pattern.sequence.enumerated() { layers[index] = UInt32(layer) }
        }
    }

    private func setControls() {
        if settings.codec == .vp9 {
            set(VP8E_SET_CPUUSED, 8)
            set(VP9E_SET_AQ_MODE, settings.constantQuantizer == nil ? 3 : 0)
            set(VP9E_SET_TILE_COLUMNS, 0)
        } else {
            set(VP8E_SET_CPUUSED, -12)
            set(VP8E_SET_STATIC_THRESHOLD, 1)
            set(VP8E_SET_TOKEN_PARTITIONS, 0)
        }
    }

    private func set(_ control: vp8e_enc_control_id, _ value: Int32) {
        let status = tally_vpx_set_number(context, Int32(control.rawValue), value)
        assert(status == VPX_CODEC_OK, "libvpx refused control \(control.rawValue)")
    }

    func setBitRate(_ kilobitsPerSecond: Int) throws(CodecError) {
        Self.setRate(&configuration.pointee, kilobitsPerSecond, pattern)
        let status = vpx_codec_enc_config_set(context, configuration)
        guard status == VPX_CODEC_OK else { throw .libraryFailure(Int(status.rawValue)) }
    }

    func encode(
        _ picture: I420Picture,
        timestamp: UInt32,
        forceKeyframe: Bool
    ) throws(CodecError) -> EncodedFrame {
        clock.advance(to: timestamp)
        let isKeyframe = forceKeyframe || isFirst
        let step = pattern.next(isKeyframe: isKeyframe)
        if pattern.layers > 1 { set(VP8E_SET_TEMPORAL_LAYER_ID, Int32(step.layer)) }
        let flags = step.flags | (isKeyframe ? Int(VPX_EFLAG_FORCE_KF) : 0)
        let status = submit(picture, flags: flags)
        guard status == VPX_CODEC_OK else { throw .libraryFailure(Int(status.rawValue)) }
        guard let output = collect() else { throw .noOutput }
        isFirst = false
        return EncodedFrame(
            codec: settings.codec,
            bytes: output.bytes,
            timestamp: timestamp,
            isKeyframe: output.isKeyframe,
            temporalLayer: step.layer,
            isLayerSync: step.isLayerSync,
            isReferenced: step.isReferenced,
            width: settings.width,
            height: settings.height
        )
    }

    private func submit(_ picture: I420Picture, flags: Int) -> vpx_codec_err_t {
        picture.luma.withUnsafeBufferPointer { luma in
            picture.blueDifference.withUnsafeBufferPointer { blue in
                picture.redDifference.withUnsafeBufferPointer { red in
                    // Safe because libvpx only reads the planes, and only during the call.
                    var image = vpx_image_t()
                    let base = UnsafeMutablePointer(mutating: luma.baseAddress)
                    vpx_img_wrap(
                        &image,
                        VPX_IMG_FMT_I420,
                        UInt32(picture.width),
                        UInt32(picture.height),
                        1,
                        base
                    )
                    image.planes.0 = base
                    image.planes.1 = UnsafeMutablePointer(mutating: blue.baseAddress)
                    image.planes.2 = UnsafeMutablePointer(mutating: red.baseAddress)
                    image.stride.0 = Int32(picture.width)
                    image.stride.1 = Int32(picture.width / 2)
                    image.stride.2 = Int32(picture.width / 2)
                    return vpx_codec_encode(
                        context,
                        &image,
                        clock.ticks,
                        UInt(90_000 / settings.framesPerSecond),
                        vpx_enc_frame_flags_t(flags),
                        UInt(VPX_DL_REALTIME)
                    )
                }
            }
        }
    }

    private func collect() -> (bytes: [UInt8], isKeyframe: Bool)? {
        var iterator: vpx_codec_iter_t?
        var result: (bytes: [UInt8], isKeyframe: Bool)?
        while let packet = vpx_codec_get_cx_data(context, &iterator) {
            guard packet.pointee.kind == VPX_CODEC_CX_FRAME_PKT else { continue }
            let frame = packet.pointee.data.frame
            // Safe because the packet stays valid until the next call of the encoder.
            let bytes = UnsafeRawBufferPointer(start: frame.buf, count: frame.sz)
            result = (Array(bytes), frame.flags & UInt32(VPX_FRAME_IS_KEY) != 0)
        }
        return result
    }
}
