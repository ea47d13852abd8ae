import Primitives

/// The VP9 payload descriptor, flexible and non-flexible mode (RFC 9628 4.2).
///
/// ```
///      |I|P|L|F|B|E|V|Z|
///  I:  |M| PICTURE ID  |  M: 8 more bits
///  L:  | TID |U| SID |D|
///      |   TL0PICIDX   |  F = 0 only
/// F&P: |   P_DIFF    |N|  up to three times
///  V:  scalability structure
/// ```
package struct VP9Descriptor: Sendable, Equatable {
    /// Most reference indices that one frame may list in flexible mode (RFC 9628 4.2).
    package static let maximumReferences = 3

    package private(set) var index = PictureIndex()
    /// Temporal layer; `nil` without layer indices.
    package private(set) var temporalLayer: UInt8?
    /// Spatial layer; `nil` without layer indices.
    package private(set) var spatialLayer: UInt8?
    /// U: later frames of higher temporal layers depend on no frame before this one above its layer.
    package private(set) var isSwitchingUpPoint = false
    /// D: this layer frame depends on the spatial layer below.
    package private(set) var usesInterLayerPrediction = false
    /// Width and height of the largest spatial layer that an attached scalability structure states.
    package private(set) var width: UInt16?
    package private(set) var height: UInt16?
    /// Spatial layers that an attached scalability structure states.
    package private(set) var spatialLayerCount: UInt8?
    /// P: the picture is predicted from earlier ones.
    package let isInterPicturePredicted: Bool
    package let isFlexible: Bool
    /// B: a layer frame starts here.
    package let startsLayerFrame: Bool
    /// E: a layer frame ends here.
    package let endsLayerFrame: Bool
    /// Z: no higher spatial layer refers to this one.
    package let isNotSpatialReference: Bool
    /// Bytes of the descriptor: where the VP9 payload begins.
    package private(set) var byteCount = 1

    /// Reads the descriptor; `nil` if it runs past the payload, lists too many references, or ends it.
    package init?(parsing payload: RawSpan) {
        guard let first = payload.byte(at: 0) else { return nil }
        isInterPicturePredicted = first & 0x40 != 0
        isFlexible = first & 0x10 != 0
        startsLayerFrame = first & 0x08 != 0
        endsLayerFrame = first & 0x04 != 0
        isNotSpatialReference = first & 0x01 != 0
        if first & 0x80 != 0 {
            guard let width = index.readPictureID(in: payload, at: byteCount) else { return nil }
            byteCount += width
        }
        if first & 0x20 != 0 {
            guard readLayerIndices(in: payload) else { return nil }
        }
        if isFlexible, isInterPicturePredicted {
            guard skipReferences(in: payload) else { return nil }
        }
        if first & 0x02 != 0 {
            guard readScalabilityStructure(in: payload) else { return nil }
        }
        guard payload.byteCount > byteCount else { return nil }
    }

    /// Whether a picture starts here: the lowest spatial layer's first packet.
    package var startsPicture: Bool { startsLayerFrame && (spatialLayer ?? 0) == 0 }

    /// Whether a keyframe starts here.
    package var startsKeyframe: Bool { startsPicture && !isInterPicturePredicted }

    private mutating func readLayerIndices(in payload: RawSpan) -> Bool {
        guard let byte = payload.byte(at: byteCount) else { return false }
        temporalLayer = byte >> 5
        isSwitchingUpPoint = byte & 0x10 != 0
        spatialLayer = (byte >> 1) & 0x07
        usesInterLayerPrediction = byte & 0x01 != 0
        byteCount += 1
        guard !isFlexible else { return true }
        guard index.readTL0PicIdx(in: payload, at: byteCount) else { return false }
        byteCount += 1
        return true
    }

    private mutating func skipReferences(in payload: RawSpan) -> Bool {
        for _ in 0..<Self.maximumReferences {
            guard let byte = payload.byte(at: byteCount) else { return false }
            byteCount += 1
            if byte & 0x01 == 0 { return true }
        }
        return false
    }

    /// ```
    /// | N_S |Y|G|-|-|-|   Y: N_S + 1 times width and height   G: N_G, then | TID |U| R |-|-| and R P_DIFFs
    /// ```
    private mutating func readScalabilityStructure(in payload: RawSpan) -> Bool {
        guard let flags = payload.byte(at: byteCount) else { return false }
        byteCount += 1
        let layers = (flags >> 5) + 1
        spatialLayerCount = layers
        if flags & 0x10 != 0 {
            for _ in 0..<layers {
                guard let layerWidth = payload.bigEndianUInt16(at: byteCount),
                    let layerHeight = payload.bigEndianUInt16(at: byteCount + 2)
                else { return false }
                width = max(width ?? 0, layerWidth)
                height = max(height ?? 0, layerHeight)
                byteCount += 4
            }
        }
        if flags & 0x08 != 0 {
            guard let pictures = payload.byte(at: byteCount) else { return false }
            byteCount += 1
            for _ in 0..<pictures {
                guard let byte = payload.byte(at: byteCount) else { return false }
                byteCount += 1 + Int((byte >> 2) & 0x03)
            }
        }
        return byteCount <= payload.byteCount
    }
}
