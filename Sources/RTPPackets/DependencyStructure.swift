/// The templates of a dependency descriptor's structure, as bit masks over their positions (AV1 RTP A.8.3.2).
package struct DependencyStructure: Sendable, Equatable {
    /// Template ids have six bits.
    package static let maximumTemplateCount = 64

    /// Templates in the structure, 1 to 64.
    package private(set) var templateCount = 0
    /// Decode targets, 1 to 32.
    package let decodeTargetCount: Int
    /// Largest render size; 0 if not stated.
    package private(set) var width: UInt32 = 0
    package private(set) var height: UInt32 = 0
    /// The highest layers any template has.
    package private(set) var maximumTemporalLayer: UInt8 = 0
    package private(set) var maximumSpatialLayer: UInt8 = 0

    private let templateIDOffset: UInt8
    private var temporalBits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    private var spatialBits: (UInt64, UInt64) = (0, 0)
    private var discardable: UInt64 = 0
    private var switching: UInt64 = 0

    /// Folds a frame's decode target indications: 0 absent, 1 discardable, 2 switch, 3 required.
    struct IndicationSummary {
        private var seen: UInt8 = 0

        mutating func note(_ indication: UInt32) {
            seen |= 1 << UInt8(truncatingIfNeeded: indication & 3)
        }

        var isDiscardable: Bool { seen & 0b1100 == 0 }
        var isSwitchingPoint: Bool { seen & 0b1100 == 0b0100 }
    }

    /// A mask with a bit for every decode target.
    package var allDecodeTargets: UInt32 { .max >> UInt32(32 - decodeTargetCount) }

    /// What the template numbered `templateID` says of its frames; `nil` if there is none.
    package func frame(templateID: UInt8) -> DependencyDescriptor.Frame? {
        let position = Int((templateID &+ 64 &- templateIDOffset) % 64)
        guard position < templateCount else { return nil }
        func bit(_ mask: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: mask >> UInt64(position) & 1) }
        return DependencyDescriptor.Frame(
            temporalLayer: bit(temporalBits.0) | bit(temporalBits.1) << 1 | bit(temporalBits.2) << 2,
            spatialLayer: bit(spatialBits.0) | bit(spatialBits.1) << 1,
            isDiscardable: bit(discardable) == 1,
            isSwitchingPoint: bit(switching) == 1
        )
    }

    /// Reads `template_dependency_structure()`; `nil` if it is malformed or cut off.
    init?(reading bits: inout BitReader) {
        templateIDOffset = UInt8(truncatingIfNeeded: bits.read(6))
        decodeTargetCount = Int(bits.read(5)) + 1
        guard readLayers(&bits) else { return nil }
        readIndications(&bits)
        skipDifferences(&bits)
        skipChains(&bits)
        if bits.readBit() {
            for _ in 0...maximumSpatialLayer {
                width = max(width, bits.read(16) + 1)
                height = max(height, bits.read(16) + 1)
            }
        }
        guard !bits.isExhausted else { return nil }
    }

    package static func == (left: DependencyStructure, right: DependencyStructure) -> Bool {
        left.templateCount == right.templateCount && left.decodeTargetCount == right.decodeTargetCount
            && left.templateIDOffset == right.templateIDOffset && left.temporalBits == right.temporalBits
            && left.spatialBits == right.spatialBits && left.discardable == right.discardable
            && left.switching == right.switching && left.width == right.width
            && left.height == right.height
    }

    /// `template_layers()`: each template's layer follows from the one before it.
    private mutating func readLayers(_ bits: inout BitReader) -> Bool {
        var temporal: UInt8 = 0
        var spatial: UInt8 = 0
        while true {
            guard templateCount < Self.maximumTemplateCount, !bits.isExhausted, temporal < 8, spatial < 4
            else { return false }
            let position = UInt64(templateCount)
            temporalBits.0 |= UInt64(temporal & 1) << position
            temporalBits.1 |= UInt64(temporal >> 1 & 1) << position
            temporalBits.2 |= UInt64(temporal >> 2 & 1) << position
            spatialBits.0 |= UInt64(spatial & 1) << position
            spatialBits.1 |= UInt64(spatial >> 1 & 1) << position
            maximumTemporalLayer = max(maximumTemporalLayer, temporal)
            maximumSpatialLayer = max(maximumSpatialLayer, spatial)
            templateCount += 1
            switch bits.read(2) {
            case 0:
                continue
            case 1:
                temporal += 1
            case 2:
                temporal = 0
                spatial += 1
            default:
                return true
            }
        }
    }

    /// `template_dtis()`.
    private mutating func readIndications(_ bits: inout BitReader) {
        for position in 0..<templateCount {
            var summary = IndicationSummary()
            for _ in 0..<decodeTargetCount { summary.note(bits.read(2)) }
            if summary.isDiscardable { discardable |= 1 << UInt64(position) }
            if summary.isSwitchingPoint { switching |= 1 << UInt64(position) }
        }
    }

    /// `template_fdiffs()`.
    private func skipDifferences(_ bits: inout BitReader) {
        for _ in 0..<templateCount {
            while bits.readBit() { bits.skip(4) }
        }
    }

    /// `template_chains()`.
    private func skipChains(_ bits: inout BitReader) {
        let chains = bits.readNonSymmetric(UInt32(decodeTargetCount) + 1)
        guard chains > 0 else { return }
        for _ in 0..<decodeTargetCount { _ = bits.readNonSymmetric(chains) }
        bits.skip(templateCount * Int(chains) * 4)
    }
}
