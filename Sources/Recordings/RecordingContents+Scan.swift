extension RecordingContents {
    /// What a record turned out to be.
    private enum Step {
        case whole
        /// The file ends within it.
        case torn
        /// It is not what was written there.
        case damaged
        /// It was the trailer, and the file ends as it has to.
        case sealed
    }

    /// Reads the file from its beginning, as far as everything is as it was written.
    mutating func scan(_ opener: inout KeyRecordOpener) throws(RecordingError) {
        keys = []
        entries = []
        segmentCount = 0
        end = UInt64(RecordingHeader.byteCount)
        ending = .unfinished(tornBytes: 0)
        while end < fileByteCount {
            switch try step(&opener) {
            case .whole: continue
            case .torn: ending = .unfinished(tornBytes: Int(fileByteCount - end))
            case .damaged: ending = .damaged(atByte: end)
            case .sealed: ending = .sealed
            }
            return
        }
    }

    private mutating func step(_ opener: inout KeyRecordOpener) throws(RecordingError) -> Step {
        let left = fileByteCount - end
        guard left >= RecordFrame.byteCount else { return .torn }
        guard let frame = try frame(at: end) else { return try isZero(from: end) ? .torn : .damaged }
        let length = UInt64(RecordFrame.byteCount + frame.bodyLength)
        switch frame.kind {
        case .key:
            guard frame.bodyLength == KeyRecord.bodyLength, keys.count < KeyRecord.most,
                Int(frame.number) == keys.count
            else { return .damaged }
            guard left >= length, let body = try body(frame, at: end) else { return .torn }
            return try takeKey(KeyRecord(body, frame), &opener) ? advance(length) : .damaged
        case .segment:
            guard frame.bodyLength <= SegmentBody.longest, frame.bodyLength >= SegmentBody.length(0),
                segmentCount < RecordingTrailer.mostSegments, Int(frame.number) == segmentCount,
                !keys.isEmpty
            else { return .damaged }
            guard left >= length else { return .torn }
            return try takeSegment(frame) ? advance(length) : .damaged
        case .trailer:
            guard frame.bodyLength <= RecordingTrailer.longestBody else { return .damaged }
            guard left >= length + UInt64(RecordingTrailer.Footer.byteCount) else { return .torn }
            return try endsFile(frame, length) ? .sealed : .damaged
        }
    }

    private mutating func advance(_ length: UInt64) -> Step {
        end += length
        return .whole
    }

    /// `false` if the record does not belong here.
    ///
    /// That no key at all opens is an error, told by the first one.
    private mutating func takeKey(
        _ record: KeyRecord?,
        _ opener: inout KeyRecordOpener
    ) throws(RecordingError) -> Bool {
        guard let record, Int(record.firstSegment) == segmentCount,
            record.previousTag == (try tag(before: end))
        else { return false }
        do {
            keys.append(try opener.place(record, atByte: end))
        } catch .forged(let offset) {
            guard !keys.isEmpty else { throw .forged(atByte: offset) }
            return false
        }
        return true
    }

    private mutating func takeSegment(_ frame: RecordFrame) throws(RecordingError) -> Bool {
        let ordinal = keys.count - 1
        if let key = keys[ordinal].key {
            guard let body = try body(frame, at: end), let plaintext = key.open(body, frame),
                let segment = SegmentBody.segment(plaintext)
            else { return false }
            let number = segmentCount
            entries.append(
                RecordingIndexEntry(segment, number: number, offset: end, keyOrdinal: ordinal)
            )
        }
        segmentCount += 1
        return true
    }

    /// Whether a trailer is that of what was read, and the file ends behind it.
    private mutating func endsFile(_ frame: RecordFrame, _ length: UInt64) throws(RecordingError) -> Bool {
        guard let last = keys.last, Int(frame.number) == segmentCount else { return false }
        let footer = RecordingTrailer.Footer(trailerOffset: end, lastKeyOffset: last.offset)
        let rest = try read(RecordingTrailer.Footer.byteCount + 1, from: end + length)
        guard rest == footer.bytes(in: id) else { return false }
        guard let key = last.key else { return true }
        guard let body = try body(frame, at: end), let plaintext = key.open(body, frame),
            let trailer = RecordingTrailer(plaintext, end: end)
        else { return false }
        let places = keys.map {
            RecordingTrailer.KeyPlace(offset: $0.offset, firstSegment: Int($0.record.firstSegment))
        }
        // Of segments whose key is gone only the trailer knows the times.
        let known = trailer.entries.filter { keys[$0.keyOrdinal].key != nil }
        guard trailer.keys == places, known == entries, trailer.entries.count == segmentCount else {
            return false
        }
        entries = trailer.entries
        droppedSegments = trailer.droppedSegments
        return true
    }
}
