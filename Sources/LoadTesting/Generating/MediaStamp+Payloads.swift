import MediaCodecs
import Primitives
import RTPPackets

/// Where a stamp stands in each codec, so that relays pass it on and decoders pass over it.
///
/// - VP8: behind the last partition, whose length nothing states (RFC 6386 9.5).
/// - VP9: between the frame and a superframe index that states the frame's length (VP9 bitstream, annex B).
/// - H.264: unregistered user data in a supplemental unit before the picture (ITU-T H.264 D.1.7).
/// - Opus: in the padding of a packet of code 3, which decoders take whatever it holds (RFC 6716 3.2.5).
extension MediaStamp {
    /// Names the user data; no byte of it is zero.
    private static let userDataID: [UInt8] = [
        0x6D, 0x1B, 0xC4, 0x57, 0x3E, 0x92, 0x4F, 0x68, 0xA5, 0xD0, 0x71, 0x2C, 0x8E, 0x39, 0xB6, 0x14,
    ]
    /// NAL header, payload type 5, payload size.
    private static let supplementHeader: [UInt8] = [0x06, 0x05, UInt8(16 + byteCount)]
    private static let supplementStampOffset = 3 + 16

    /// The same video frame with room for a stamp, which `offset(in:codec:)` finds in its payloads.
    static func addingRoom(to frame: EncodedFrame) -> EncodedFrame {
        var frame = frame
        let blank = MediaStamp(run: 0, publisher: 0, number: 0, sentAt: .distantPast).bytes
        switch frame.codec {
        case .vp8:
            frame.bytes += blank
        case .vp9:
            if let index = superframeIndexLength(frame.bytes.span.bytes) {
                frame.bytes.insert(contentsOf: blank, at: frame.bytes.count - index)
            } else {
                let length = UInt32(frame.bytes.count)
                // One frame, its length in four bytes, lowest first.
                let marker: UInt8 = 0xC0 | 3 << 3
                frame.bytes += blank + [marker]
                frame.bytes += (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * UInt32($0))) }
                frame.bytes.append(marker)
            }
        case .h264:
            let supplement = supplementHeader + userDataID + blank + [0x80]
            var units = frame.networkAbstractionLayerUnits
            // Behind delimiter and parameter sets, before the picture (ITU-T H.264 7.4.1.2.3).
            let place = units.firstIndex { (1...5).contains($0[$0.startIndex] & 0x1F) } ?? units.endIndex
            units.insert(supplement[...], at: place)
            frame.bytes = AnnexB.join(units)
        case .av1, .opus:
            break
        }
        return frame
    }

    /// The same Opus packet with room for a stamp; `nil` unless it holds one frame, as those of 20 ms do.
    static func addingRoom(toSound packet: [UInt8]) -> [UInt8]? {
        guard let first = packet.first, first & 0x03 == 0 else { return nil }
        // Code 3, one frame, padded by so many bytes.
        let blank = MediaStamp(run: 0, publisher: 0, number: 0, sentAt: .distantPast).bytes
        return [first | 0x03, 0x41, UInt8(byteCount)] + packet.dropFirst() + blank
    }

    /// Where a stamp would stand in an RTP payload; `nil` if none is there.
    @inline(__always)
    static func offset(in payload: RawSpan, codec: MediaCodec) -> Int? {
        let end = payload.byteCount
        let offset: Int
        switch codec {
        case .vp8, .opus:
            offset = end - byteCount
        case .vp9:
            guard let index = superframeIndexLength(payload) else { return nil }
            offset = end - index - byteCount
        case .h264:
            guard let found = offsetInSupplement(payload) else { return nil }
            offset = found
        case .av1:
            return nil
        }
        return MediaStamp(reading: payload, at: offset) == nil ? nil : offset
    }

    /// The stamp that an RTP payload carries, if it carries one.
    @inline(__always)
    static func find(in payload: RawSpan, codec: MediaCodec) -> MediaStamp? {
        switch codec {
        case .vp8, .opus: MediaStamp(reading: payload, at: payload.byteCount - byteCount)
        default: offset(in: payload, codec: codec).flatMap { MediaStamp(reading: payload, at: $0) }
        }
    }

    /// Bytes of the superframe index at the end; `nil` if there is none.
    private static func superframeIndexLength(_ frame: RawSpan) -> Int? {
        let end = frame.byteCount
        guard let marker = frame.byte(at: end - 1), marker & 0xE0 == 0xC0 else { return nil }
        let length = 2 + (Int(marker >> 3 & 3) + 1) * (Int(marker & 7) + 1)
        return frame.byte(at: end - length) == marker ? length : nil
    }

    /// A supplemental unit by itself, or in an aggregate (RFC 6184 5.6, 5.7.1).
    private static func offsetInSupplement(_ payload: RawSpan) -> Int? {
        guard let first = payload.byte(at: 0) else { return nil }
        switch first & 0x1F {
        case 6: return payload.byte(at: 1) == supplementHeader[1] ? supplementStampOffset : nil
        case 24:
            var start = 1
            while let count = payload.bigEndianUInt16(at: start), let header = payload.byte(at: start + 2) {
                if header & 0x1F == 6 { return start + 2 + supplementStampOffset }
                start += 2 + Int(count)
            }
            return nil
        default: return nil
        }
    }
}
