import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A recording that was opened for reading: every byte that it gives was verified.
///
/// It holds the keys that it unwrapped until it is closed, and reads on after the key store's keys were destroyed:
/// whoever destroys keys closes readers first.
package final class RecordingReader: Sendable {
    /// A stretch of segments under one key.
    package struct Stretch: Hashable, Sendable {
        package let epoch: RecordingEpoch
        /// Numbers of segments.
        package let segments: Range<Int>
        /// Whether the key is still there.
        package let isReadable: Bool
    }

    package let id: RecordingID
    package let ending: RecordingEnding
    /// Readable segments in their order, which is that of their start times.
    package let segments: [RecordingIndexEntry]
    /// What the file holds, readable or not.
    package let stretches: [Stretch]
    /// Segments that were never written, as a sealed ending tells; 0 without one.
    package let droppedSegments: UInt64

    private let file: OpenedFile
    private let path: String
    private let keys: Mutex<[EpochKey?]>

    /// Opens the file at `path`, which has to be `expected` if that is given.
    ///
    /// Throws `keyDestroyed` if nothing of
    /// it can be read any more.
    package init(
        path: String,
        expecting expected: RecordingID? = nil,
        keys store: any RecordingKeyStore
    ) throws(RecordingError) {
        let file: OpenedFile
        do {
            file = try OpenedFile(path, O_RDONLY)
        } catch {
            throw error.code == EINVAL ? .notARecording : .system(error)
        }
        let contents = try RecordingContents(file, expected: expected) {
            KeyRecordOpener(id: $0, keys: store)
        }
        if let first = contents.keys.first, contents.keys.allSatisfy({ $0.key == nil }) {
            throw .keyDestroyed(first.slot.keyName)
        }
        id = contents.id
        ending = contents.ending
        droppedSegments = contents.droppedSegments
        segments = contents.entries.filter { contents.keys[$0.keyOrdinal].key != nil }
        stretches = contents.stretches
        keys = Mutex(contents.keys.map(\.key))
        self.file = file
        self.path = path
    }

    /// Reads and verifies one segment.
    package func segment(_ entry: RecordingIndexEntry) throws(RecordingError) -> RecordingSegment {
        guard let key = keys.withLock({ $0.indices.contains(entry.keyOrdinal) ? $0[entry.keyOrdinal] : nil })
        else { throw .noSuchSegment(entry.number) }
        let length = RecordFrame.byteCount + SegmentBody.length(entry.byteCount)
        let bytes = try reporting { () throws(SystemFailure) in try file.read(length, from: entry.offset) }
        guard bytes.count == length,
            let frame = RecordFrame(Array(bytes.prefix(RecordFrame.byteCount)), in: id),
            frame.kind == .segment, Int(frame.number) == entry.number,
            frame.bodyLength == SegmentBody.length(entry.byteCount),
            let plaintext = key.open(Array(bytes.dropFirst(RecordFrame.byteCount)), frame),
            let segment = SegmentBody.segment(plaintext),
            entry
                == RecordingIndexEntry(
                    segment,
                    number: entry.number,
                    offset: entry.offset,
                    keyOrdinal: entry.keyOrdinal
                )
        else { throw .forged(atByte: entry.offset) }
        return segment
    }

    /// Forgets the keys; nothing can be read from here on.
    package func close() {
        keys.withLock { keys in
            for index in keys.indices { keys[index] = nil }
        }
    }

    /// Reads everything there is and throws where it is not as it was written, in a torn end as little as in a
    /// segment that nobody asked for yet.
    package func verify(keys store: any RecordingKeyStore) throws(RecordingError) {
        let file = try reporting { () throws(SystemFailure) in try OpenedFile(path, O_RDONLY) }
        let through = try RecordingContents(file, expected: id) { KeyRecordOpener(id: $0, keys: store) }
        var scanned = through
        var opener = KeyRecordOpener(id: id, keys: store)
        try scanned.scan(&opener)
        if case .damaged(let offset) = scanned.ending { throw .forged(atByte: offset) }
        guard scanned.ending == through.ending else { throw .forged(atByte: scanned.end) }
        for place in scanned.keys where !place.record.hasWholeSlots(in: id, key: place.key) {
            throw .forged(atByte: place.offset)
        }
    }
}

extension RecordingContents {
    var stretches: [RecordingReader.Stretch] {
        keys.indices.map { index in
            let first = Int(keys[index].record.firstSegment)
            let next = index + 1 < keys.count ? Int(keys[index + 1].record.firstSegment) : segmentCount
            return RecordingReader.Stretch(
                epoch: keys[index].epoch,
                segments: first..<max(first, next),
                isReadable: keys[index].key != nil
            )
        }
    }
}
