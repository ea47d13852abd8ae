import Foundation
import MediaCodecs
import Primitives
import RTPPackets

/// Reads files of encoded frames: IVF with VP8 or VP9, and H.264 byte streams (Annex B).
package enum VideoFile {
    /// The largest file read into memory: some minutes of video.
    static let maximumBytes = 512 << 20

    /// The frames of the file at `path`; `framesPerSecond` counts where the file does not say.
    ///
    /// Throws `VideoFileError`.
    package static func read(path: String, framesPerSecond: Int = 30) throws(VideoFileError) -> RecordedVideo
    {
        guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable(path) }
        guard data.count <= maximumBytes else { throw .tooLarge(path) }
        let bytes = [UInt8](data)
        let video =
            bytes.starts(with: Array("DKIF".utf8))
            ? readIVF(bytes) : readAnnexB(bytes, framesPerSecond: framesPerSecond)
        guard let video else { throw .noFrames(path) }
        return video
    }

    /// The container of libvpx's tools: a header of 32 bytes, then frames with 12 bytes each before them, all
    /// numbers little-endian.
    static func readIVF(_ bytes: [UInt8]) -> RecordedVideo? {
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
        }
        guard bytes.count > 32 else { return nil }
        let codec: MediaCodec
        switch String(decoding: bytes[8..<12], as: UTF8.self) {
        case "VP80": codec = .vp8
        case "VP90": codec = .vp9
        default: return nil
        }
        let (width, height) = (number(12, 2), number(14, 2))
        let (rate, scale) = (number(16, 4), number(20, 4))
        let framesPerSecond = scale > 0 ? min(max((rate + scale / 2) / scale, 1), 60) : 30
        var frames: [EncodedFrame] = []
        var offset = number(6, 2)
        while offset + 12 <= bytes.count {
            let length = number(offset, 4)
            offset += 12
            guard length > 0, offset + length <= bytes.count else { break }
            let frame = Array(bytes[offset..<(offset + length)])
            offset += length
            frames.append(
                EncodedFrame(
                    codec: codec,
                    bytes: frame,
                    timestamp: 0,
                    isKeyframe: isKeyframe(frame, codec: codec),
                    width: width,
                    height: height
                )
            )
        }
        return RecordedVideo(codec: codec, framesPerSecond: framesPerSecond, frames: fromKeyframe(frames))
    }

    /// RFC 6386 9.1 for VP8; for VP9 the uncompressed header's frame_type (profiles 0 to 2).
    private static func isKeyframe(_ frame: [UInt8], codec: MediaCodec) -> Bool {
        guard let first = frame.first else { return false }
        if codec == .vp8 { return first & 1 == 0 }
        let showsExisting = first & 0x08 != 0
        return !showsExisting && first & 0x04 == 0
    }

    /// Access units start at a delimiter or parameter set, or at a picture's first slice behind another picture.
    static func readAnnexB(_ bytes: [UInt8], framesPerSecond: Int) -> RecordedVideo? {
        var frames: [EncodedFrame] = []
        var units: [ArraySlice<UInt8>] = []
        var hasSlice = false
        func close() {
            guard hasSlice else { return }
            let isKeyframe = units.contains { ($0.first ?? 0) & 0x1F == 5 }
            frames.append(
                EncodedFrame(
                    codec: .h264,
                    bytes: AnnexB.join(units),
                    timestamp: 0,
                    isKeyframe: isKeyframe,
                    width: 0,
                    height: 0
                )
            )
            units = []
            hasSlice = false
        }
        for unit in AnnexB.split(bytes) {
            guard let header = unit.first else { continue }
            let kind = header & 0x1F
            let isSlice = (1...5).contains(kind)
            // first_mb_in_slice is 0 (coded as a single 1 bit) in the first slice of a picture.
            let isFirstSlice = isSlice && (unit.dropFirst().first ?? 0) & 0x80 != 0
            if (6...9).contains(kind) || isFirstSlice { close() }
            // A delimiter says nothing to a receiver that has timestamps.
            if kind != 9 { units.append(unit) }
            if isSlice { hasSlice = true }
        }
        close()
        return RecordedVideo(codec: .h264, framesPerSecond: framesPerSecond, frames: fromKeyframe(frames))
    }

    private static func fromKeyframe(_ frames: [EncodedFrame]) -> [EncodedFrame] {
        Array(frames.drop { !$0.isKeyframe })
    }
}

/// Why a file gives no video.
package enum VideoFileError: Error, Sendable, CustomStringConvertible {
    case unreadable(String)
    case tooLarge(String)
    case noFrames(String)

    package var description: String {
        switch self {
        case .unreadable(let path): "\(path) cannot be read"
        case .tooLarge(let path): "\(path) is larger than \(VideoFile.maximumBytes >> 20) MiB"
        case .noFrames(let path):
            "\(path) is neither IVF with VP8 or VP9 nor an H.264 byte stream with a keyframe"
        }
    }
}
