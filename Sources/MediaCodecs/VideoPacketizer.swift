import Primitives
import RTPPackets

/// Splits encoded frames into RTP payloads (RFC 7741, RFC 9628, RFC 6184, RTP Payload Format for AV1), the payloads of
/// one frame nearly equal but for AV1.
///
/// The last payload of each frame is the one whose RTP packet has the marker bit.
package struct VideoPacketizer: Sendable {
    package let codec: MediaCodec
    /// No payload is longer than this.
    package let maximumPayloadBytes: Int
    /// The picture id of the next VP8 or VP9 frame, 15 bits.
    package private(set) var pictureID: UInt16
    /// TL0PICIDX: frames of the lowest temporal layer sent so far, modulo 256, less one.
    package private(set) var lowestLayerIndex: UInt8
    /// KEYIDX of VP8: keyframes sent so far, modulo 32, less one.
    package private(set) var keyframeIndex: UInt8

    /// Leaves room for RTP, extensions, SRTP, UDP and IP on links of 1,280 bytes.
    package static let defaultPayloadBytes = 1_150
    /// Every payload must hold its descriptor and some of the frame.
    package static let minimumPayloadBytes = 32

    /// `codec` is a video codec; `firstPictureID` and `firstLowestLayerIndex` are those of the first frame.
    package init(
        codec: MediaCodec,
        firstPictureID: UInt16 = 0,
        firstLowestLayerIndex: UInt8 = 0,
        maximumPayloadBytes: Int = defaultPayloadBytes
    ) {
        precondition(codec.kind == .video, "no packetizer for \(codec)")
        precondition(
            maximumPayloadBytes >= Self.minimumPayloadBytes,
            "payloads below \(Self.minimumPayloadBytes)"
        )
        self.codec = codec
        self.maximumPayloadBytes = maximumPayloadBytes
        pictureID = firstPictureID & 0x7FFF
        lowestLayerIndex = firstLowestLayerIndex &- 1
        keyframeIndex = 31
    }

    /// The payloads of one frame of this packetizer's codec, in order; empty for a frame without bytes, or of AV1
    /// that is none.
    package mutating func packetize(_ frame: EncodedFrame) -> [[UInt8]] {
        precondition(frame.codec == codec, "a frame of \(frame.codec) for a packetizer of \(codec)")
        guard !frame.bytes.isEmpty else { return [] }
        if codec == .av1 { return packetizeAV1(frame) }
        if codec == .h264 { return packetizeH264(frame.networkAbstractionLayerUnits) }
        if frame.temporalLayer == 0 { lowestLayerIndex &+= 1 }
        if frame.isKeyframe { keyframeIndex = (keyframeIndex + 1) & 31 }
        defer { pictureID = (pictureID &+ 1) & 0x7FFF }
        return codec == .vp8 ? packetizeVP8(frame) : packetizeVP9(frame)
    }

    /// Cuts `bytes` into the fewest parts of at most `limit` bytes, whose sizes differ by at most one.
    static func cut(_ bytes: ArraySlice<UInt8>, limit: Int) -> [ArraySlice<UInt8>] {
        let count = (bytes.count + limit - 1) / limit
        return (0..<count).map { part in
            bytes[
                (bytes.startIndex + bytes.count * part / count)..<(bytes.startIndex + bytes.count * (part + 1)
                    / count)
            ]
        }
    }

    // RFC 7741 section 4.2, with every optional field:
    //
    //      0 1 2 3 4 5 6 7
    //     |X|R|N|S|R| PID |   X 1, S on the first payload, PID 0
    //     |I|L|T|K|  RSV  |   all 1
    //     |M| PictureID   |   M 1: 15 bits
    //     |   PictureID   |
    //     |   TL0PICIDX   |
    //     |TID|Y| KEYIDX  |
    private func packetizeVP8(_ frame: EncodedFrame) -> [[UInt8]] {
        let layer = frame.temporalLayer & 3
        let sync: UInt8 = frame.isLayerSync ? 0x20 : 0
        let isUnreferenced = layer > 0 && !frame.isReferenced
        let descriptor: [UInt8] = [
            0x80 | (isUnreferenced ? 0x20 : 0), 0xF0, 0x80 | UInt8(pictureID >> 8),
            UInt8(truncatingIfNeeded: pictureID), lowestLayerIndex, layer << 6 | sync | keyframeIndex,
        ]
        let parts = Self.cut(frame.bytes[...], limit: maximumPayloadBytes - descriptor.count)
        return parts.enumerated().map { index, part in
            var payload = descriptor + part
            if index == 0 { payload[0] |= 0x10 }
            return payload
        }
    }

    // RFC 9628 section 4.2, non-flexible mode, one spatial layer:
    //
    //      0 1 2 3 4 5 6 7
    //     |I|P|L|F|B|E|V|Z|   I 1, P not a keyframe, L 1, F 0, B and E first and last, V on a keyframe's first
    //     |M| PictureID   |
    //     |   PictureID   |
    //     |TID|U|SID|D|
    //     |   TL0PICIDX   |
    //     | scalability   |   V: one layer of this size, a group of one frame that refers to the frame before
    private func packetizeVP9(_ frame: EncodedFrame) -> [[UInt8]] {
        let layer = frame.temporalLayer & 7
        let descriptor: [UInt8] = [
            0xA0 | (frame.isKeyframe ? 0 : 0x40), 0x80 | UInt8(pictureID >> 8),
            UInt8(truncatingIfNeeded: pictureID), layer << 5 | (frame.isLayerSync ? 0x10 : 0),
            lowestLayerIndex,
        ]
        var structure = ByteWriter(reservingCapacity: 8)
        if frame.isKeyframe {
            structure.write(UInt8(0x18))
            structure.write(UInt16(truncatingIfNeeded: frame.width))
            structure.write(UInt16(truncatingIfNeeded: frame.height))
            structure.write([1, 0x04, 1])
        }
        let room = maximumPayloadBytes - descriptor.count - structure.count
        let parts = Self.cut(frame.bytes[...], limit: room)
        return parts.enumerated().map { index, part in
            var payload = descriptor
            if index == 0, frame.isKeyframe {
                payload[0] |= 0x02
                payload += structure.bytes
            }
            if index == 0 { payload[0] |= 0x08 }
            if index == parts.count - 1 { payload[0] |= 0x04 }
            payload += part
            return payload
        }
    }

    // RFC 6184: parameter sets together in a STAP-A (5.7.1), other NAL units alone (5.6) or as FU-A (5.8).
    private func packetizeH264(_ units: [ArraySlice<UInt8>]) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        var parameterSets: [ArraySlice<UInt8>] = []
        for unit in units where !unit.isEmpty {
            let kind = H264PayloadKind(unit[unit.startIndex])
            if kind == .sequenceParameterSet || kind == .pictureParameterSet {
                parameterSets.append(unit)
                continue
            }
            payloads += aggregate(parameterSets)
            parameterSets = []
            payloads += fragment(unit)
        }
        return payloads + aggregate(parameterSets)
    }

    private func aggregate(_ units: [ArraySlice<UInt8>]) -> [[UInt8]] {
        let size = units.reduce(1) { $0 + 2 + $1.count }
        guard units.count > 1, size <= maximumPayloadBytes else { return units.flatMap(fragment) }
        var writer = ByteWriter(reservingCapacity: size)
        let importance = units.map { $0[$0.startIndex] & 0x60 }.max() ?? 0
        writer.write(importance | H264PayloadKind.aggregate.rawValue)
        for unit in units {
            writer.write(UInt16(unit.count))
            writer.write(unit)
        }
        return [writer.bytes]
    }

    private func fragment(_ unit: ArraySlice<UInt8>) -> [[UInt8]] {
        guard unit.count > maximumPayloadBytes else { return [Array(unit)] }
        let header = unit[unit.startIndex]
        let parts = Self.cut(unit.dropFirst(), limit: maximumPayloadBytes - 2)
        return parts.enumerated().map { index, part in
            let start: UInt8 = index == 0 ? 0x80 : 0
            let end: UInt8 = index == parts.count - 1 ? 0x40 : 0
            return [header & 0xE0 | H264PayloadKind.fragment.rawValue, start | end | header & 0x1F] + part
        }
    }
}

/// The NAL unit and payload types that matter here (ITU-T H.264 table 7-1, RFC 6184 section 5.2).
enum H264PayloadKind: UInt8 {
    case slice = 1
    case keyframeSlice = 5
    case supplement = 6
    case sequenceParameterSet = 7
    case pictureParameterSet = 8
    case delimiter = 9
    case aggregate = 24
    case fragment = 28

    /// From a NAL header or a FU header; `nil` for the types that are carried but not looked at.
    init?(_ header: UInt8) {
        self.init(rawValue: header & 0x1F)
    }
}
