import Primitives

/// The last record of a file that was ended cleanly: where its keys and segments are, sealed under the last key.
///
/// Behind it stands a footer in the clear, so that opening needs not read what lies before:
///
///     | trailer's offset 8 | last key record's offset 8 | TALLYEND | check 4 | 0 reserved 4 |
struct RecordingTrailer: Equatable {
    /// A key record and the first segment under it.
    struct KeyPlace: Equatable {
        let offset: UInt64
        let firstSegment: Int
    }

    static let mostSegments = 1 << 20
    private static let fixedByteCount = 24
    private static let keyByteCount = 12
    static let longestBody =
        fixedByteCount + KeyRecord.most * keyByteCount + mostSegments * RecordingIndexEntry.byteCount
        + EpochKey.tagByteCount

    var keys: [KeyPlace] = []
    var entries: [RecordingIndexEntry] = []
    /// Segments that were handed over and never written.
    var droppedSegments: UInt64 = 0

    var bytes: [UInt8] {
        let size = keys.count * Self.keyByteCount + entries.count * RecordingIndexEntry.byteCount
        var writer = ByteWriter(reservingCapacity: Self.fixedByteCount + size)
        writer.write(UInt32(keys.count))
        writer.write(UInt32(entries.count))
        writer.write(droppedSegments)
        writer.write(0 as UInt64)
        for key in keys {
            writer.write(key.offset)
            writer.write(UInt32(key.firstSegment))
        }
        for entry in entries { entry.write(to: &writer) }
        return writer.bytes
    }

    init() {}

    /// `nil` if the bytes are no trailer, or name places outside of the records before `end`.
    init?(_ bytes: [UInt8], end: UInt64) {
        var reader = ByteReader(bytes.span.bytes)
        guard let keyCount = reader.readUInt32(), let count = reader.readUInt32(),
            let dropped = reader.readUInt64(), reader.readUInt64() == 0,
            keyCount <= KeyRecord.most, count <= Self.mostSegments,
            reader.remaining == Int(keyCount) * Self.keyByteCount + Int(count) * RecordingIndexEntry.byteCount
        else { return nil }
        droppedSegments = dropped
        for _ in 0..<keyCount {
            guard let offset = reader.readUInt64(), let first = reader.readUInt32(), offset < end else {
                return nil
            }
            keys.append(KeyPlace(offset: offset, firstSegment: Int(first)))
        }
        for number in 0..<Int(count) {
            guard let entry = RecordingIndexEntry(&reader, number: number), entry.offset < end,
                entry.end <= end, entry.keyOrdinal < keys.count
            else { return nil }
            entries.append(entry)
        }
    }

    /// The bytes that end a file.
    struct Footer: Equatable {
        static let byteCount = 32
        private static let magic = Array("TALLYEND".utf8)

        let trailerOffset: UInt64
        let lastKeyOffset: UInt64

        init(trailerOffset: UInt64, lastKeyOffset: UInt64) {
            self.trailerOffset = trailerOffset
            self.lastKeyOffset = lastKeyOffset
        }

        func bytes(in id: RecordingID) -> [UInt8] {
            var writer = ByteWriter(reservingCapacity: Self.byteCount)
            writer.write(trailerOffset)
            writer.write(lastKeyOffset)
            writer.write(Self.magic)
            let checked = writer.bytes
            return checked + RecordFrame.check(checked[...], id) + [0, 0, 0, 0]
        }

        /// `nil` if the bytes end no file.
        init?(_ bytes: [UInt8], in id: RecordingID) {
            guard bytes.count == Self.byteCount else { return nil }
            var reader = ByteReader(bytes.span.bytes)
            guard let trailer = reader.readUInt64(), let key = reader.readUInt64() else { return nil }
            self.init(trailerOffset: trailer, lastKeyOffset: key)
            guard self.bytes(in: id) == bytes else { return nil }
        }
    }
}
