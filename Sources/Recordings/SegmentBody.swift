import Primitives

/// What is sealed of a segment: times and flags in 18 bytes, then the content.
///
/// On the disk only its size is to be
/// seen.
enum SegmentBody {
    private static let metadataByteCount = 18

    /// Bytes of a sealed body for a content of `contentByteCount`.
    static func length(_ contentByteCount: Int) -> Int {
        metadataByteCount + contentByteCount + EpochKey.tagByteCount
    }

    /// Sealed bodies are not longer, so that nobody can have memory reserved for more.
    static let longest = length(RecordingSegment.longestContent)

    static func flags(_ kind: RecordingSegment.Kind, _ startsWithKeyframe: Bool) -> UInt8 {
        (startsWithKeyframe ? 1 : 0) | (kind == .initialization ? 2 : 0)
    }

    static func plaintext(of segment: RecordingSegment) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: metadataByteCount)
        writer.write(UInt64(bitPattern: segment.startNanoseconds))
        writer.write(UInt64(bitPattern: segment.endNanoseconds))
        writer.write(flags(segment.kind, segment.startsWithKeyframe))
        writer.write(segment.media.rawValue)
        return writer.bytes + segment.content
    }

    /// `nil` if the plaintext is no segment's.
    static func segment(_ plaintext: [UInt8]) -> RecordingSegment? {
        var reader = ByteReader(plaintext.span.bytes)
        guard let start = reader.readUInt64(), let end = reader.readUInt64(),
            let flags = reader.readUInt8(), let media = reader.readUInt8(), flags & ~3 == 0
        else { return nil }
        return RecordingSegment(
            kind: flags & 2 != 0 ? .initialization : .media,
            startNanoseconds: Int64(bitPattern: start),
            endNanoseconds: Int64(bitPattern: end),
            startsWithKeyframe: flags & 1 != 0,
            media: RecordedMedia(rawValue: media),
            content: Array(plaintext[metadataByteCount...])
        )
    }
}
