import Primitives

/// What the last bytes of every synthetic payload say: whose packet it is, and which.
struct MediaMark: Hashable {
    static let byteCount = 16
    private static let mediaMagic: UInt32 = 0x7A11_7A11
    private static let slateMagic: UInt32 = 0x51A7_E51A

    var isSlate: Bool
    var track: UInt32
    var number: UInt64

    /// `nil` if the payload ends otherwise.
    init?(endOf payload: some Collection<UInt8>) {
        guard payload.count >= Self.byteCount else { return nil }
        let bytes = Array(payload.suffix(Self.byteCount))
        func number(_ range: Range<Int>) -> UInt64 {
            bytes[range].reduce(0) { $0 << 8 | UInt64($1) }
        }
        let magic = UInt32(number(0..<4))
        guard magic == Self.mediaMagic || magic == Self.slateMagic else { return nil }
        isSlate = magic == Self.slateMagic
        track = UInt32(number(4..<8))
        self.number = number(8..<16)
    }

    init(isSlate: Bool, track: UInt32, number: UInt64) {
        self.isSlate = isSlate
        self.track = track
        self.number = number
    }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(isSlate ? Self.slateMagic : Self.mediaMagic)
        writer.write(track)
        writer.write(UInt32(truncatingIfNeeded: number >> 32))
        writer.write(UInt32(truncatingIfNeeded: number))
        return writer.bytes
    }
}

/// Payloads that a relay cannot tell from an encoder's.
enum SyntheticPayload {
    /// RFC 7741: descriptor with 15-bit picture id, TL0PICIDX and layer; then the first bytes of a VP8 frame.
    static func vp8(
        keyframe: Bool,
        startsFrame: Bool,
        pictureID: UInt16,
        tl0PicIdx: UInt8,
        temporalLayer: UInt8,
        isSync: Bool,
        filler: Int,
        mark: MediaMark
    ) -> [UInt8] {
        var bytes: [UInt8] = [
            startsFrame ? 0x90 : 0x80, 0xE0, 0x80 | UInt8(pictureID >> 8 & 0x7F),
            UInt8(truncatingIfNeeded: pictureID), tl0PicIdx,
            temporalLayer << 6 | (isSync ? 0x20 : 0),
        ]
        if startsFrame {
            bytes += [keyframe ? 0x10 : 0x11, 0x02, 0x00]
            // RFC 6386 9.1: start code, 320 x 180.
            if keyframe { bytes += [0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00] }
        } else {
            bytes.append(0x55)
        }
        bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: mark.number), count: filler)
        return bytes + mark.bytes
    }

    /// RFC 6716 3.1: CELT, 20 ms, mono, one frame.
    static func opus(filler: Int, mark: MediaMark) -> [UInt8] {
        [0x78] + [UInt8](repeating: UInt8(truncatingIfNeeded: mark.number), count: filler) + mark.bytes
    }
}
