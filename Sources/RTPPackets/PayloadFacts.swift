import Primitives

/// What a relay needs to know of one payload, whatever its codec.
package struct PayloadFacts: Sendable, Equatable {
    /// A keyframe starts here; of H.264, its parameter set too; true of every audio packet.
    package var startsKeyframe = false
    /// A frame starts here; of H.264 and AV1 several packets of one frame can say so (a new RTP timestamp
    /// tells them apart).
    package var startsFrame = false
    /// A frame ends here.
    package var endsFrame = false
    /// A higher temporal layer can begin with or after this frame: see `joinableTemporalLayer`.
    package var isSwitchingPoint = false
    /// No later frame depends on this one.
    package var isDiscardable = false
    /// Temporal layer, 0 if unknown.
    package var temporalLayer: UInt8 = 0
    /// Spatial layer, 0 if unknown.
    package var spatialLayer: UInt8 = 0
    /// Picture size in pixels where a keyframe states it; else 0.
    package var width: UInt16 = 0
    package var height: UInt16 = 0
    /// VP8 and VP9: the running numbers and where they stand in the payload.
    package var index = PictureIndex()

    package init() {}

    /// Reads a payload without its padding; `nil` if its descriptor is malformed or it is empty.
    package static func inspect(codec: MediaCodec, packet payload: RawSpan, marker: Bool) -> PayloadFacts? {
        var facts = PayloadFacts()
        // In every one of these video formats the marker is on a picture's last packet.
        facts.endsFrame = marker
        let isValid =
            switch codec {
            case .vp8: facts.inspectVP8(payload)
            case .vp9: facts.inspectVP9(payload)
            case .h264: facts.inspectH264(payload)
            case .av1: facts.inspectAV1(payload)
            case .opus: facts.inspectOpus(payload)
            }
        return isValid ? facts : nil
    }

    private mutating func inspectVP8(_ payload: RawSpan) -> Bool {
        guard let descriptor = VP8Descriptor(parsing: payload) else { return false }
        index = descriptor.index
        startsFrame = descriptor.startsFrame
        startsKeyframe = descriptor.startsKeyframe(in: payload)
        temporalLayer = descriptor.temporalLayer ?? 0
        isSwitchingPoint = descriptor.isLayerSync || startsKeyframe
        isDiscardable = descriptor.isNonReference
        if let size = descriptor.keyframeSize(in: payload) {
            width = size.width
            height = size.height
        }
        return true
    }

    private mutating func inspectVP9(_ payload: RawSpan) -> Bool {
        guard let descriptor = VP9Descriptor(parsing: payload) else { return false }
        index = descriptor.index
        startsFrame = descriptor.startsPicture
        startsKeyframe = descriptor.startsKeyframe
        temporalLayer = descriptor.temporalLayer ?? 0
        spatialLayer = descriptor.spatialLayer ?? 0
        isSwitchingPoint = descriptor.isSwitchingUpPoint || startsKeyframe
        width = descriptor.width ?? 0
        height = descriptor.height ?? 0
        return true
    }

    private mutating func inspectH264(_ payload: RawSpan) -> Bool {
        guard let units = H264Payload(parsing: payload) else { return false }
        startsFrame = units.startsFrame
        startsKeyframe = units.startsKeyframe
        isSwitchingPoint = units.startsKeyframe
        isDiscardable = units.isDiscardable
        width = units.width
        height = units.height
        return true
    }

    private mutating func inspectAV1(_ payload: RawSpan) -> Bool {
        guard let units = AV1Payload(parsing: payload) else { return false }
        startsFrame = units.startsFrame
        startsKeyframe = units.startsSequence
        isSwitchingPoint = units.startsSequence
        temporalLayer = units.temporalLayer ?? 0
        spatialLayer = units.spatialLayer ?? 0
        width = units.width
        height = units.height
        return true
    }

    private mutating func inspectOpus(_ payload: RawSpan) -> Bool {
        guard OpusTOC(parsing: payload) != nil else { return false }
        startsFrame = true
        endsFrame = true
        startsKeyframe = true
        isSwitchingPoint = true
        isDiscardable = true
        return true
    }

    /// Takes over what the packet's dependency descriptor knows better: frame bounds, layers, dependence.
    package mutating func refine(with descriptor: DependencyDescriptor) {
        startsFrame = descriptor.startsFrame
        endsFrame = descriptor.endsFrame
        guard let frame = descriptor.frame else { return }
        temporalLayer = frame.temporalLayer
        spatialLayer = frame.spatialLayer
        isDiscardable = frame.isDiscardable
        isSwitchingPoint = frame.isSwitchingPoint || startsKeyframe
    }
}
