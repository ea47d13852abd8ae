import Primitives

/// Where one segment is, and what can be said of it without opening it.
package struct RecordingIndexEntry: Hashable, Sendable {
    /// Counted from 0 over the whole file.
    package let number: Int
    package let kind: RecordingSegment.Kind
    /// On the recording's own time line, in nanoseconds.
    package let startNanoseconds: Int64
    package let endNanoseconds: Int64
    package let startsWithKeyframe: Bool
    package let media: RecordedMedia
    /// Bytes of its content.
    package let byteCount: Int
    /// Where its frame begins in the file.
    let offset: UInt64
    /// Which key record protects it.
    let keyOrdinal: Int

    static let byteCount = 32

    init(_ segment: RecordingSegment, number: Int, offset: UInt64, keyOrdinal: Int) {
        self.number = number
        kind = segment.kind
        startNanoseconds = segment.startNanoseconds
        endNanoseconds = segment.endNanoseconds
        startsWithKeyframe = segment.startsWithKeyframe
        media = segment.media
        byteCount = segment.content.count
        self.offset = offset
        self.keyOrdinal = keyOrdinal
    }

    /// Where its record ends.
    var end: UInt64 { offset + UInt64(RecordFrame.byteCount + SegmentBody.length(byteCount)) }

    /// As it stands in a trailer: 32 bytes.
    func write(to writer: inout ByteWriter) {
        writer.write(offset)
        writer.write(UInt32(byteCount))
        writer.write(UInt64(bitPattern: startNanoseconds))
        writer.write(UInt64(bitPattern: endNanoseconds))
        writer.write(SegmentBody.flags(kind, startsWithKeyframe))
        writer.write(media.rawValue)
        writer.write(UInt16(keyOrdinal))
    }

    /// `nil` if the bytes are none.
    init?(_ reader: inout ByteReader, number: Int) {
        guard let offset = reader.readUInt64(), let length = reader.readUInt32(),
            let start = reader.readUInt64(), let end = reader.readUInt64(), let flags = reader.readUInt8(),
            let media = reader.readUInt8(), let key = reader.readUInt16(),
            flags & ~3 == 0, length <= RecordingSegment.longestContent
        else { return nil }
        self.number = number
        kind = flags & 2 != 0 ? .initialization : .media
        startNanoseconds = Int64(bitPattern: start)
        endNanoseconds = Int64(bitPattern: end)
        startsWithKeyframe = flags & 1 != 0
        self.media = RecordedMedia(rawValue: media)
        byteCount = Int(length)
        self.offset = offset
        keyOrdinal = Int(key)
    }
}
