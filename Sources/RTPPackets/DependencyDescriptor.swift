import Primitives

/// The dependency descriptor header extension of AV1 (AV1 RTP appendix A).
package struct DependencyDescriptor: Sendable, Equatable {
    /// What a frame's template, or its own custom fields, say of it.
    package struct Frame: Sendable, Equatable {
        package let temporalLayer: UInt8
        package let spatialLayer: UInt8
        /// No decode target needs the frame for a later one.
        package let isDiscardable: Bool
        /// At least one decode target can be switched to at this frame, and none merely requires it.
        package let isSwitchingPoint: Bool
    }

    /// Bytes of the fields that every descriptor has.
    package static let mandatoryByteCount = 3

    package let startsFrame: Bool
    package let endsFrame: Bool
    package let templateID: UInt8
    package let frameNumber: UInt16
    /// The template structure that is attached, as to the first packet of a keyframe: keep it.
    package let attachedStructure: DependencyStructure?
    /// The decode targets that are still produced; `nil` if the descriptor does not say.
    package let activeDecodeTargets: UInt32?
    /// `nil` if the structure that the template belongs to is not known.
    package let frame: Frame?

    /// Reads an element's data; `structure` is the one last attached in this stream.
    ///
    /// `nil` if it is malformed, or if it names a template that the structure does not have.
    package init?(parsing data: RawSpan, structure kept: DependencyStructure?) {
        guard data.byteCount >= Self.mandatoryByteCount else { return nil }
        var bits = BitReader(data)
        startsFrame = bits.readBit()
        endsFrame = bits.readBit()
        templateID = UInt8(truncatingIfNeeded: bits.read(6))
        frameNumber = UInt16(truncatingIfNeeded: bits.read(16))
        guard data.byteCount > Self.mandatoryByteCount else {
            attachedStructure = nil
            activeDecodeTargets = nil
            guard let kept else {
                frame = nil
                return
            }
            guard let known = kept.frame(templateID: templateID) else { return nil }
            frame = known
            return
        }
        let attaches = bits.readBit()
        let statesTargets = bits.readBit()
        let hasCustomIndications = bits.readBit()
        // Custom frame differences and chains: they stand last and nothing here needs them.
        bits.skip(2)
        var attached: DependencyStructure?
        if attaches {
            guard let structure = DependencyStructure(reading: &bits) else { return nil }
            attached = structure
        }
        attachedStructure = attached
        guard let structure = attached ?? kept else {
            activeDecodeTargets = nil
            frame = nil
            return
        }
        if statesTargets {
            activeDecodeTargets = bits.read(structure.decodeTargetCount)
        } else {
            activeDecodeTargets = attaches ? structure.allDecodeTargets : nil
        }
        guard let known = structure.frame(templateID: templateID) else { return nil }
        if hasCustomIndications {
            var summary = DependencyStructure.IndicationSummary()
            for _ in 0..<structure.decodeTargetCount { summary.note(bits.read(2)) }
            frame = Frame(
                temporalLayer: known.temporalLayer,
                spatialLayer: known.spatialLayer,
                isDiscardable: summary.isDiscardable,
                isSwitchingPoint: summary.isSwitchingPoint
            )
        } else {
            frame = known
        }
        guard !bits.isExhausted else { return nil }
    }
}
