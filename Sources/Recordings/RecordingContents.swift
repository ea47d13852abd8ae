/// What a recording's file holds, found by its trailer or, without one, by reading it through.
struct RecordingContents {
    let id: RecordingID
    let file: OpenedFile
    /// A key record and where it is.
    struct KeyPlace {
        let offset: UInt64
        let record: KeyRecord
        /// `nil` if it is gone.
        let key: EpochKey?
        /// The slot that the key was in.
        let slot: KeySlot

        var epoch: RecordingEpoch {
            RecordingEpoch(number: record.epoch, keyName: slot.keyName, keyPurpose: slot.purpose)
        }
    }

    var keys: [KeyPlace] = []
    /// All segments in their order; without a trailer, those under a key that is gone are missing.
    var entries: [RecordingIndexEntry] = []
    /// Segments there are, those that are unknown included.
    var segmentCount = 0
    var droppedSegments: UInt64 = 0
    var ending = RecordingEnding.unfinished(tornBytes: 0)
    /// Where the segments end: a trailer, a torn end or the file's end.
    var end = UInt64(RecordingHeader.byteCount)
    /// The file's size when it was looked at.
    let fileByteCount: UInt64

    /// The size above which zeros at the end of a file are no longer looked through.
    private static let longestZeros = 64 << 20

    /// Finds the contents; `expected` is the recording that the file has to be.
    init(
        _ file: OpenedFile,
        expected: RecordingID?,
        opener makeOpener: (RecordingID) -> KeyRecordOpener
    ) throws(RecordingError) {
        self.file = file
        id = try RecordingHeader.read(file)
        if let expected, id != expected { throw .anotherRecording(id) }
        fileByteCount = try reporting { () throws(SystemFailure) in try file.byteCount() }
        var opener = makeOpener(id)
        if try readTrailer(&opener) { return }
        try scan(&opener)
    }

    func read(_ count: Int, from offset: UInt64) throws(RecordingError) -> [UInt8] {
        try reporting { () throws(SystemFailure) in try file.read(count, from: offset) }
    }

    func frame(at offset: UInt64) throws(RecordingError) -> RecordFrame? {
        RecordFrame(try read(RecordFrame.byteCount, from: offset), in: id)
    }

    /// The body behind a frame; `nil` where the file ends before it does.
    func body(_ frame: RecordFrame, at offset: UInt64) throws(RecordingError) -> [UInt8]? {
        let bytes = try read(frame.bodyLength, from: offset + UInt64(RecordFrame.byteCount))
        return bytes.count == frame.bodyLength ? bytes : nil
    }

    func keyRecord(at offset: UInt64) throws(RecordingError) -> KeyRecord? {
        guard let frame = try frame(at: offset), frame.kind == .key, frame.bodyLength == KeyRecord.bodyLength
        else { return nil }
        return try body(frame, at: offset).flatMap { KeyRecord($0, frame) }
    }

    /// Whether everything from `offset` to the end of the file is zero, as after a power failure that had
    /// lengthened the file and not yet filled it.
    func isZero(from offset: UInt64) throws(RecordingError) -> Bool {
        guard fileByteCount - offset <= Self.longestZeros else { return false }
        var place = offset
        while place < fileByteCount {
            let bytes = try read(Int(min(1 << 20, fileByteCount - place)), from: place)
            guard bytes.allSatisfy({ $0 == 0 }) else { return false }
            guard !bytes.isEmpty else { return true }
            place += UInt64(bytes.count)
        }
        return true
    }

    /// The tag of the last record before `offset`.
    func tag(before offset: UInt64) throws(RecordingError) -> [UInt8] {
        guard offset > RecordingHeader.byteCount else {
            return [UInt8](repeating: 0, count: EpochKey.tagByteCount)
        }
        return try read(EpochKey.tagByteCount, from: offset - UInt64(EpochKey.tagByteCount))
    }
}
