import Primitives

/// What one AV1 RTP payload holds: the aggregation header and the OBUs that start in it (AV1 RTP 4.3, 4.4).
///
/// ```
/// |Z|Y|W W|N|-|-|-|
/// ```
package struct AV1Payload: Sendable, Equatable {
    /// OBU types (AV1 6.2.2).
    package enum UnitType {
        package static let sequenceHeader: UInt8 = 1
        package static let temporalDelimiter: UInt8 = 2
        package static let frameHeader: UInt8 = 3
        package static let tileGroup: UInt8 = 4
        package static let frame: UInt8 = 6
    }

    /// Z: the first element continues an OBU of the packet before.
    package let continuesFragment: Bool
    /// Y: the last element goes on in the next packet.
    package let continues: Bool
    /// W: elements in the packet, 0 if each has a length.
    package let elementCount: UInt8
    /// N: the first packet of a coded video sequence, so of a keyframe.
    package let startsSequence: Bool
    /// A frame or frame header OBU, or what comes before one, starts here.
    package private(set) var startsFrame = false
    /// A sequence header OBU starts here.
    package private(set) var hasSequenceHeader = false
    /// Temporal layer of the first OBU here that states one.
    package private(set) var temporalLayer: UInt8?
    /// Spatial layer of the same OBU.
    package private(set) var spatialLayer: UInt8?
    /// Largest frame size from a sequence header; 0 if none is here.
    package private(set) var width: UInt16 = 0
    package private(set) var height: UInt16 = 0

    /// Reads the payload; `nil` if an element runs past it, or if N stands on a continuation.
    package init?(parsing payload: RawSpan) {
        guard let first = payload.byte(at: 0), payload.byteCount > 1 else { return nil }
        continuesFragment = first & 0x80 != 0
        continues = first & 0x40 != 0
        elementCount = first >> 4 & 0x03
        startsSequence = first & 0x08 != 0
        guard !(continuesFragment && startsSequence) else { return nil }
        var offset = 1
        var element = 0
        while offset < payload.byteCount {
            element += 1
            var count = payload.byteCount - offset
            if elementCount == 0 || element < Int(elementCount) {
                guard let length = readLEB128(payload, at: &offset), length <= payload.byteCount - offset
                else {
                    return nil
                }
                count = length
            }
            if count > 0, !(element == 1 && continuesFragment) {
                note(payload.extracting(offset..<(offset + count)))
            }
            offset += count
        }
        guard elementCount == 0 || element == Int(elementCount) else { return nil }
        if startsSequence { startsFrame = true }
    }

    /// Reads an OBU's header: |F| type |X|S|-| and, with X, | TID | SID |---| (AV1 5.3.2, 5.3.3).
    private mutating func note(_ unit: RawSpan) {
        guard let header = unit.byte(at: 0) else { return }
        let type = header >> 3 & 0x0F
        var offset = 1
        if header & 0x04 != 0 {
            guard let layers = unit.byte(at: 1) else { return }
            offset = 2
            if temporalLayer == nil {
                temporalLayer = layers >> 5
                spatialLayer = layers >> 3 & 0x03
            }
        }
        switch type {
        case UnitType.sequenceHeader:
            hasSequenceHeader = true
            startsFrame = true
            if header & 0x02 != 0, readLEB128(unit, at: &offset) == nil { return }
            if let size = AV1SequenceHeader(parsing: unit.extracting(offset..<unit.byteCount)) {
                width = size.width
                height = size.height
            }
        case UnitType.temporalDelimiter, UnitType.frameHeader, UnitType.frame:
            startsFrame = true
        default:
            break
        }
    }
}

/// Reads a number in the AV1 specification's leb128() form (4.10.5), of at most 32 bits.
private func readLEB128(_ span: RawSpan, at offset: inout Int) -> Int? {
    var value: UInt64 = 0
    for index in 0..<8 {
        guard let byte = span.byte(at: offset) else { return nil }
        offset += 1
        value |= UInt64(byte & 0x7F) << UInt64(7 * index)
        if byte & 0x80 == 0 { return value <= UInt64(UInt32.max) ? Int(value) : nil }
    }
    return nil
}
