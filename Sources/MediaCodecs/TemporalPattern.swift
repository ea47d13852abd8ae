import CVPX

/// Which VP8 reference buffers the frames of a temporal-layer pattern read and write.
///
///     two layers    0 1           layer 1 is referred to by nothing
///     three layers  0 2 1 2       layer 1 lives in the golden buffer
struct TemporalPattern {
    struct Step {
        let layer: UInt8
        let isLayerSync: Bool
        let isReferenced: Bool
        let flags: Int
    }

    let layers: Int
    private var position = 0

    init(layers: Int) {
        self.layers = layers
    }

    /// The bit rate of each layer and those below it, in percent of the whole.
    var ratePercent: [Int] {
        switch layers {
        case 3: [40, 60, 100]
        case 2: [60, 100]
        default: [100]
        }
    }

    /// The layer of each frame of one period.
    var sequence: [UInt8] {
        switch layers {
        case 3: [0, 2, 1, 2]
        case 2: [0, 1]
        default: [0]
        }
    }

    /// The next frame's place; a keyframe starts the pattern anew.
    mutating func next(isKeyframe: Bool) -> Step {
        if isKeyframe { position = 0 }
        let step = position
        position = (position + 1) % sequence.count
        let layer = sequence[step]
        guard layers > 1, !isKeyframe else {
            return Step(layer: layer, isLayerSync: false, isReferenced: true, flags: 0)
        }
        let readLastOnly = Int(VP8_EFLAG_NO_REF_GF | VP8_EFLAG_NO_REF_ARF)
        let writeNothing = Int(
            VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY
        )
        switch (layers, step) {
        case (_, 0):
            let flags = readLastOnly | Int(VP8_EFLAG_NO_UPD_GF | VP8_EFLAG_NO_UPD_ARF)
            return Step(layer: layer, isLayerSync: false, isReferenced: true, flags: flags)
        case (3, 2):
            let writeGolden = Int(
                VP8_EFLAG_NO_UPD_LAST | VP8_EFLAG_NO_UPD_ARF | VP8_EFLAG_NO_UPD_ENTROPY
            )
            return Step(
                layer: layer,
                isLayerSync: true,
                isReferenced: true,
                flags: readLastOnly | writeGolden
            )
        case (3, 3):
            let flags = Int(VP8_EFLAG_NO_REF_ARF) | writeNothing
            return Step(layer: layer, isLayerSync: false, isReferenced: false, flags: flags)
        default:
            let flags = readLastOnly | writeNothing
            return Step(layer: layer, isLayerSync: true, isReferenced: false, flags: flags)
        }
    }
}
