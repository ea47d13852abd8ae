import Primitives
import RTPPackets

/// The OBUs of one instant, each with its size (AV1 5.2, the low-overhead form), as containers and decoders take them.
package struct AV1TemporalUnit: Hashable, Sendable {
    /// OBUs with sizes, without temporal delimiters, tile lists and padding.
    package private(set) var bytes: [UInt8] = []
    /// A sequence header stands before a key frame that is shown.
    package private(set) var isKeyframe = false
    /// The sequence header OBU, header and size included; empty without one.
    package private(set) var sequenceHeader: [UInt8] = []

    private var hasFrame = false

    /// OBU types that are no use behind RTP (RTP Payload Format for AV1 5, AV1 in Matroska and WebM 4).
    private static let omitted: Set<UInt8> = [2, 8, 15]

    /// Puts OBU elements together, which begin at `starts` of `elements`; `nil` if one is malformed or none is left.
    init?(elements: [UInt8], starts: [Int]) {
        guard starts.first == 0 else { return nil }
        bytes.reserveCapacity(elements.count + 4 * starts.count)
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : elements.count
            guard start < end, append(Array(elements[start..<end])) else { return nil }
        }
        guard !bytes.isEmpty else { return nil }
    }

    /// Reads a temporal unit in the low-overhead form; `nil` if an OBU is malformed or none is left.
    package init?(reading bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let start = offset
            let header = bytes[offset]
            offset += header & 0x04 != 0 ? 2 : 1
            // Only the last may do without a size.
            if header & 0x02 != 0 {
                guard let count = LEB128.decode(bytes, advancing: &offset), count <= bytes.count - offset
                else {
                    return nil
                }
                offset += count
            } else {
                offset = bytes.count
            }
            guard append(Array(bytes[start..<offset])) else { return nil }
        }
        guard !self.bytes.isEmpty else { return nil }
    }

    /// The OBUs one by one, each with its size.
    package var units: [[UInt8]] {
        var found: [[UInt8]] = []
        var offset = 0
        while offset < bytes.count {
            let start = offset
            offset += bytes[offset] & 0x04 != 0 ? 2 : 1
            guard let count = LEB128.decode(bytes, advancing: &offset), count <= bytes.count - offset else {
                break
            }
            offset += count
            found.append(Array(bytes[start..<offset]))
        }
        return found
    }

    /// Takes one OBU with or without a size: |F| type |X|S|-| and, with X, a second byte (AV1 5.3.2, 5.3.3).
    private mutating func append(_ unit: [UInt8]) -> Bool {
        guard let header = unit.first, header & 0x80 == 0 else { return false }
        var offset = header & 0x04 != 0 ? 2 : 1
        guard offset <= unit.count else { return false }
        let head = [header | 0x02] + unit[1..<offset]
        var payload = unit[offset...]
        if header & 0x02 != 0 {
            guard let count = LEB128.decode(unit, advancing: &offset), count <= unit.count - offset else {
                return false
            }
            payload = unit[offset..<(offset + count)]
        }
        let type = header >> 3 & 0x0F
        guard !Self.omitted.contains(type) else { return true }
        let whole = head + LEB128.bytes(of: payload.count) + payload
        note(type: type, payload: payload, whole: whole)
        bytes += whole
        return true
    }

    private mutating func note(type: UInt8, payload: ArraySlice<UInt8>, whole: [UInt8]) {
        switch type {
        case AV1Payload.UnitType.sequenceHeader:
            if sequenceHeader.isEmpty { sequenceHeader = whole }
        case AV1Payload.UnitType.frame, AV1Payload.UnitType.frameHeader:
            guard !hasFrame, let first = payload.first else { return }
            hasFrame = true
            // show_existing_frame, two bits of frame_type (0 is a key frame), show_frame (AV1 5.9.2).
            isKeyframe = !sequenceHeader.isEmpty && first & 0xF0 == 0x10
        default:
            break
        }
    }
}
