import Crypto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A recording that is being written: one writer, which waits for the disk and the key store.
///
/// After an error the file is as it was before the call, or is made so before anything else is written.
package final class RecordingFile {
    package let id: RecordingID
    package let path: String
    /// Segments that were handed over and not written, as the trailer will tell.
    package var droppedSegments: UInt64 = 0

    private let file: OpenedFile
    private let keys: any RecordingKeyStore
    private var contents = RecordingTrailer()
    /// Where the next record goes.
    private var end: UInt64
    /// The file is longer than what counts of it.
    private var hasRest: Bool
    private var lastTag: [UInt8]
    /// The folder may not have the file's name on the disk yet.
    private var isUnnamed = false
    private var current: (epoch: RecordingEpoch, key: EpochKey)?
    private var counter: UInt32 = 0

    /// What a data key seals at most, far from where AES-GCM's nonces or bounds end.
    private static let mostSeals: UInt32 = 1 << 24

    /// Continues the recording in the file at `path` under a new data key, behind its last whole segment; makes
    /// the file (0600) if there is none.
    ///
    /// Nothing is written before an epoch begins. Refuses a file that is damaged before its end, or whose keys are
    /// gone: such a one is left as it is.
    package init(
        path: String,
        id: RecordingID,
        keys: any RecordingKeyStore
    ) throws(RecordingError) {
        self.id = id
        self.path = path
        self.keys = keys
        file = try reporting { () throws(SystemFailure) in try OpenedFile(path, O_RDWR | O_CREAT) }
        let file = file
        guard try reporting({ () throws(SystemFailure) in try file.lock() }) else { throw .inUse }
        end = 0
        hasRest = true
        lastTag = [UInt8](repeating: 0, count: EpochKey.tagByteCount)
        if try hasHeader() { try takeContents() }
    }

    package var segmentCount: Int { contents.entries.count }
    package var contentByteCount: Int { contents.entries.reduce(0) { $0 + $1.byteCount } }
    /// The start of the last segment: none may start before it.
    package var lastStartNanoseconds: Int64? { contents.entries.last?.startNanoseconds }
    package var epoch: RecordingEpoch? { current?.epoch }

    /// `false` if nothing was written yet, or a crash left less than a header.
    private func hasHeader() throws(RecordingError) -> Bool {
        do throws(RecordingError) {
            let found = try RecordingHeader.read(file)
            guard found == id else { throw .anotherRecording(found) }
            return true
        } catch .torn {
            return false
        } catch .notARecording {
            let size = try reporting { () throws(SystemFailure) in try file.byteCount() }
            let bytes = try reporting { () throws(SystemFailure) in
                try file.read(RecordingHeader.byteCount + 1, from: 0)
            }
            guard size <= RecordingHeader.byteCount, bytes.allSatisfy({ $0 == 0 }) else {
                throw .notARecording
            }
            return false
        }
    }

    private func takeContents() throws(RecordingError) {
        let found = try RecordingContents(file, expected: id) { KeyRecordOpener(id: $0, keys: keys) }
        if case .damaged(let offset) = found.ending { throw .forged(atByte: offset) }
        for place in found.keys where place.key == nil { throw .keyDestroyed(place.slot.keyName) }
        contents.keys = found.keys.map {
            RecordingTrailer.KeyPlace(offset: $0.offset, firstSegment: Int($0.record.firstSegment))
        }
        contents.entries = found.entries
        droppedSegments = found.droppedSegments
        end = found.end
        // Cut when there is something to write instead: a trailer stands until then.
        hasRest = found.fileByteCount > found.end
        lastTag = try found.tag(before: end)
    }

    /// Begins an epoch under a data key of its own; its key-encryption key is made if there is none.
    ///
    /// `isWanted` is asked last, right before the write: if it says no, nothing is written and this answers `false`.
    @discardableResult
    package func begin(
        _ epoch: RecordingEpoch,
        isWanted: () -> Bool = { true }
    ) throws(RecordingError) -> Bool {
        guard contents.keys.count < KeyRecord.most else { throw .overfull }
        let dataKey = SymmetricKey(size: .bits256)
        let wrapped: [UInt8]
        do {
            try keys.create(epoch.keyName)
            wrapped = try keys.wrap(dataKey, under: epoch.keyName)
        } catch {
            throw RecordingError(error)
        }
        guard wrapped.count <= KeyWrapping.longestWrappedKey else {
            throw .keyStoreUnavailable("a wrapped key of \(wrapped.count) bytes is too long")
        }
        var record = KeyRecord(
            ordinal: UInt32(contents.keys.count),
            epoch: epoch.number,
            firstSegment: UInt32(contents.entries.count),
            previousTag: lastTag
        )
        let key = EpochKey(dataKey, in: id, record: record.fixedBytes)
        let slot = KeySlot(
            generation: 1,
            purpose: epoch.keyPurpose,
            keyName: epoch.keyName,
            wrapped: wrapped,
            key: key
        )
        let header = end == 0 ? RecordingHeader.bytes(of: id) : []
        let place = RecordingTrailer.KeyPlace(
            offset: end + UInt64(header.count),
            firstSegment: contents.entries.count
        )
        let bytes = header + record.bytes(filling: slot, key: key, in: id)
        guard isWanted() else { return false }
        try write(bytes)
        if !header.isEmpty { isUnnamed = true }
        contents.keys.append(place)
        current = (epoch, key)
        counter = 0
        return true
    }

    /// Seals and writes one segment; an epoch must have begun.
    ///
    /// `isWanted` as for `begin`.
    @discardableResult
    package func append(
        _ segment: RecordingSegment,
        isWanted: () -> Bool = { true }
    ) throws(RecordingError) -> Bool {
        precondition(segment.content.count <= RecordingSegment.longestContent, "a segment is too long")
        guard contents.entries.count < RecordingTrailer.mostSegments else { throw .overfull }
        guard let (key, ordinal) = try currentKey(isWanted) else { return false }
        let number = contents.entries.count
        let frame = nextFrame(.segment, SegmentBody.length(segment.content.count), number)
        let record = key.seal(SegmentBody.plaintext(of: segment), frame, in: id)
        guard isWanted() else { return false }
        let offset = end
        try write(record)
        contents.entries.append(
            RecordingIndexEntry(segment, number: number, offset: offset, keyOrdinal: ordinal)
        )
        return true
    }

    /// Waits until what was written is on the disk.
    package func synchronize() throws(RecordingError) {
        try reporting { () throws(SystemFailure) in
            guard isUnnamed else { return try file.synchronizeContent() }
            try file.synchronize()
            try OpenedFile.synchronizeFolder(of: path)
            isUnnamed = false
        }
    }

    /// Removes the file if nothing was ever written into it.
    package func removeIfEmpty() {
        guard end == 0, (try? file.byteCount()) == 0 else { return }
        unlink(path)
    }

    /// Ends the file with a trailer, durably.
    ///
    /// Without a segment since it was opened the file is left as it was.
    package func seal() throws(RecordingError) {
        guard current != nil else { return }
        guard let (key, _) = try currentKey({ true }), let last = contents.keys.last else { return }
        contents.droppedSegments = droppedSegments
        let plaintext = contents.bytes
        let frame = nextFrame(.trailer, plaintext.count + EpochKey.tagByteCount, contents.entries.count)
        let footer = RecordingTrailer.Footer(trailerOffset: end, lastKeyOffset: last.offset)
        let segmentsEnd = end
        let segmentsTag = lastTag
        try write(key.seal(plaintext, frame, in: id) + footer.bytes(in: id))
        // Whatever is appended later stands in the trailer's place.
        end = segmentsEnd
        lastTag = segmentsTag
        hasRest = true
        try synchronize()
    }

    /// The key that seals, a new one of the same epoch if the present one has sealed enough; `nil` if that one is not
    /// wanted.
    private func currentKey(
        _ isWanted: () -> Bool
    ) throws(RecordingError) -> (EpochKey, ordinal: Int)? {
        guard let begun = current else { preconditionFailure("an epoch must have begun") }
        if counter >= Self.mostSeals { guard try begin(begun.epoch, isWanted: isWanted) else { return nil } }
        return (current?.key ?? begun.key, contents.keys.count - 1)
    }

    /// Takes a nonce that is not used again, whatever becomes of what it seals.
    private func nextFrame(_ kind: RecordFrame.Kind, _ length: Int, _ number: Int) -> RecordFrame {
        counter += 1
        return RecordFrame(kind: kind, bodyLength: length, number: UInt32(number), counter: counter)
    }

    private func write(_ record: [UInt8]) throws(RecordingError) {
        do throws(SystemFailure) {
            if hasRest { try file.truncate(to: end) }
            hasRest = false
            try file.write(record, at: end)
        } catch {
            hasRest = true
            if (try? file.truncate(to: end)) != nil { hasRest = false }
            throw .system(error)
        }
        end += UInt64(record.count)
        lastTag = record.suffix(EpochKey.tagByteCount)
    }
}
