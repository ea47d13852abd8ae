import Primitives

/// What one H.264 RTP payload holds: single NAL unit, STAP-A or FU-A (RFC 6184 5.6, 5.7.1, 5.8).
package struct H264Payload: Sendable, Equatable {
    /// NAL unit types (ITU-T H.264 table 7-1, RFC 6184 table 1).
    package enum UnitType {
        package static let slice: UInt8 = 1
        package static let idrSlice: UInt8 = 5
        package static let supplementalInformation: UInt8 = 6
        package static let sequenceParameters: UInt8 = 7
        package static let pictureParameters: UInt8 = 8
        package static let accessUnitDelimiter: UInt8 = 9
        package static let aggregation: UInt8 = 24
        package static let fragment: UInt8 = 28
    }

    /// A sequence parameter set, or the first slice of an IDR picture, starts here.
    package private(set) var startsKeyframe = false
    /// A unit starts here that may be an access unit's first; several packets of one access unit can say so.
    package private(set) var startsFrame = false
    /// Every slice here has `nal_ref_idc` 0, and there is one.
    package private(set) var isDiscardable = false
    /// A sequence parameter set is here.
    package private(set) var hasSequenceParameters = false
    /// Part of an IDR slice is here.
    package private(set) var hasIDR = false
    /// Picture size from a sequence parameter set; 0 if none is here.
    package private(set) var width: UInt16 = 0
    package private(set) var height: UInt16 = 0
    private var hasReference = false

    /// Reads the payload; `nil` if a unit runs past it or its type is none of these three.
    package init?(parsing payload: RawSpan) {
        guard let first = payload.byte(at: 0) else { return nil }
        switch first & 0x1F {
        case 1...23:
            note(header: first, payload: payload, range: 1..<payload.byteCount, isStart: true)
        case UnitType.aggregation:
            guard readAggregation(payload) else { return nil }
        case UnitType.fragment:
            // FU header: S, E, R, type (RFC 6184 5.8). A unit may not start and end in one fragment.
            guard let fragment = payload.byte(at: 1), payload.byteCount > 2, fragment & 0xC0 != 0xC0 else {
                return nil
            }
            note(
                header: first & 0xE0 | fragment & 0x1F,
                payload: payload,
                range: 2..<payload.byteCount,
                isStart: fragment & 0x80 != 0
            )
        default:
            return nil
        }
    }

    /// STAP-A: units with a 16-bit length before each (RFC 6184 5.7.1).
    private mutating func readAggregation(_ payload: RawSpan) -> Bool {
        var offset = 1
        while offset < payload.byteCount {
            guard let count = payload.bigEndianUInt16(at: offset), count > 0 else { return false }
            let start = offset + 2
            let end = start + Int(count)
            guard end <= payload.byteCount, let header = payload.byte(at: start) else { return false }
            note(header: header, payload: payload, range: (start + 1)..<end, isStart: true)
            offset = end
        }
        return offset > 1
    }

    private mutating func note(header: UInt8, payload: RawSpan, range: Range<Int>, isStart: Bool) {
        let type = header & 0x1F
        switch type {
        case UnitType.slice...UnitType.idrSlice:
            if header & 0x60 != 0 { hasReference = true }
            isDiscardable = !hasReference
            if type == UnitType.idrSlice { hasIDR = true }
            // first_mb_in_slice is the first Exp-Golomb number of a slice: 0 is the single bit 1. Data
            // partitions B and C (3 and 4) do not begin with it.
            let isFirstSlice =
                isStart && type != 3 && type != 4 && (payload.byte(at: range.lowerBound) ?? 0) & 0x80 != 0
            if isFirstSlice { startsFrame = true }
            if isFirstSlice, type == UnitType.idrSlice { startsKeyframe = true }
        case UnitType.sequenceParameters where isStart:
            hasSequenceParameters = true
            startsFrame = true
            startsKeyframe = true
            hasReference = true
            isDiscardable = false
            if let size = H264SequenceParameters(parsing: payload.extracting(range)) {
                width = size.width
                height = size.height
            }
        case UnitType.supplementalInformation where isStart, UnitType.accessUnitDelimiter where isStart:
            startsFrame = true
        case UnitType.pictureParameters:
            hasReference = true
            isDiscardable = false
        default:
            break
        }
    }
}
