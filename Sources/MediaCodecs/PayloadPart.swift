import Primitives
import RTPPackets

/// What one RTP payload adds to a frame.
struct PayloadPart {
    /// The bytes that follow those of the payloads before; for H.264 with start codes where NAL units start.
    var bytes: [UInt8] = []
    /// Where in `bytes` OBUs of AV1 start.
    var unitStarts: [Int] = []
    /// The payload can be the first of a frame.
    var startsFrame = false
    /// The payload says that its frame is a keyframe; known on the first payload (H.264: the one with the slice).
    var isKeyframe = false
    var pictureID: UInt16?
    var lowestLayerIndex: UInt8?
    var temporalLayer: UInt8?
    /// A payload that starts, continues or ends a NAL unit (FU-A) or an OBU; otherwise `whole`.
    var fragment = Fragment.whole

    enum Fragment {
        case whole
        case start
        case middle
        case end
    }

    /// Reads a payload; `nil` if it is malformed.
    init?(codec: MediaCodec, payload: [UInt8]) {
        switch codec {
        case .vp8: self.init(vp8: payload)
        case .vp9: self.init(vp9: payload)
        case .h264: self.init(h264: payload)
        case .av1: self.init(av1: payload)
        default: return nil
        }
    }

    /// RFC 7741 section 4.2.
    private init?(vp8 payload: [UInt8]) {
        var reader = ByteReader(payload.span.bytes)
        guard let first = reader.readUInt8() else { return nil }
        if first & 0x80 != 0 {
            guard let extensions = reader.readUInt8() else { return nil }
            if extensions & 0x80 != 0 {
                guard let identifier = Self.readPictureID(&reader) else { return nil }
                pictureID = identifier
            }
            if extensions & 0x40 != 0 {
                guard let index = reader.readUInt8() else { return nil }
                lowestLayerIndex = index
            }
            if extensions & 0x30 != 0 {
                guard let layers = reader.readUInt8() else { return nil }
                if extensions & 0x20 != 0 { temporalLayer = layers >> 6 }
            }
        }
        bytes = Array(payload[reader.offset...])
        guard let firstByte = bytes.first else { return nil }
        startsFrame = first & 0x10 != 0 && first & 0x07 == 0
        // RFC 6386 section 9.1: the lowest bit of a frame is 0 on a keyframe.
        isKeyframe = startsFrame && firstByte & 1 == 0
    }

    /// RFC 9628 section 4.2.
    private init?(vp9 payload: [UInt8]) {
        var reader = ByteReader(payload.span.bytes)
        guard let first = reader.readUInt8() else { return nil }
        if first & 0x80 != 0 {
            guard let identifier = Self.readPictureID(&reader) else { return nil }
            pictureID = identifier
        }
        let isFlexible = first & 0x10 != 0
        var spatialLayer: UInt8 = 0
        if first & 0x20 != 0 {
            guard let layers = reader.readUInt8() else { return nil }
            temporalLayer = layers >> 5
            spatialLayer = layers >> 1 & 7
            if !isFlexible {
                guard let index = reader.readUInt8() else { return nil }
                lowestLayerIndex = index
            }
        }
        if isFlexible, first & 0x40 != 0 {
            guard Self.skipReferences(&reader) else { return nil }
        }
        if first & 0x02 != 0 {
            guard Self.skipScalabilityStructure(&reader) else { return nil }
        }
        bytes = Array(payload[reader.offset...])
        guard !bytes.isEmpty else { return nil }
        startsFrame = first & 0x08 != 0 && spatialLayer == 0
        isKeyframe = startsFrame && first & 0x40 == 0
    }

    private static func readPictureID(_ reader: inout ByteReader) -> UInt16? {
        guard let high = reader.readUInt8() else { return nil }
        guard high & 0x80 != 0 else { return UInt16(high) }
        guard let low = reader.readUInt8() else { return nil }
        return UInt16(high & 0x7F) << 8 | UInt16(low)
    }

    /// Up to three P_DIFF, the lowest bit of each saying whether another follows.
    private static func skipReferences(_ reader: inout ByteReader) -> Bool {
        for _ in 0..<3 {
            guard let reference = reader.readUInt8() else { return false }
            if reference & 1 == 0 { return true }
        }
        return false
    }

    /// RFC 9628 section 4.2.1.
    private static func skipScalabilityStructure(_ reader: inout ByteReader) -> Bool {
        guard let flags = reader.readUInt8() else { return false }
        if flags & 0x10 != 0 {
            guard reader.skip(4 * (Int(flags >> 5) + 1)) else { return false }
        }
        guard flags & 0x08 != 0 else { return true }
        guard let frames = reader.readUInt8() else { return false }
        for _ in 0..<frames {
            guard let frame = reader.readUInt8(), reader.skip(Int(frame >> 2 & 3)) else { return false }
        }
        return true
    }
}

extension PayloadPart {
    /// RFC 6184 section 5, packetization mode 1.
    private init?(h264 payload: [UInt8]) {
        guard let header = payload.first else { return nil }
        switch header & 0x1F {
        case 1...23:
            append(payload[...])
        case H264PayloadKind.aggregate.rawValue:
            guard readAggregate(payload) else { return nil }
        case H264PayloadKind.fragment.rawValue:
            guard payload.count > 2 else { return nil }
            readFragment(payload)
        default:
            return nil
        }
    }

    /// STAP-A, RFC 6184 section 5.7.1.
    private mutating func readAggregate(_ payload: [UInt8]) -> Bool {
        var reader = ByteReader(payload.span.bytes)
        guard reader.skip(1), reader.remaining > 0 else { return false }
        while reader.remaining > 0 {
            guard let size = reader.readUInt16(), size > 0 else { return false }
            let start = reader.offset
            guard reader.skip(Int(size)) else { return false }
            append(payload[start..<reader.offset])
        }
        return true
    }

    /// FU-A, RFC 6184 section 5.8; the payload has more than two bytes.
    private mutating func readFragment(_ payload: [UInt8]) {
        let isStart = payload[1] & 0x80 != 0
        let isEnd = payload[1] & 0x40 != 0
        guard isStart else {
            fragment = isEnd ? .end : .middle
            bytes = Array(payload[2...])
            return
        }
        append([payload[0] & 0xE0 | payload[1] & 0x1F] + payload[2...])
        fragment = isEnd ? .whole : .start
    }

    private mutating func append(_ unit: ArraySlice<UInt8>) {
        let isFirst = bytes.isEmpty
        bytes += AnnexB.startCode
        bytes += unit
        guard let header = unit.first else { return }
        switch H264PayloadKind(header) {
        case .sequenceParameterSet, .delimiter:
            if isFirst { startsFrame = true }
        case .slice, .keyframeSlice:
            if header & 0x1F == H264PayloadKind.keyframeSlice.rawValue { isKeyframe = true }
            // first_mb_in_slice is 0 (coded as a single 1 bit) in the first slice of a picture.
            if isFirst, let sliceHeader = unit.dropFirst().first, sliceHeader & 0x80 != 0 {
                startsFrame = true
            }
        default:
            break
        }
    }
}
