extension RecordingContents {
    /// Takes the contents from the trailer; `false` if there is none that opens.
    mutating func readTrailer(_ opener: inout KeyRecordOpener) throws(RecordingError) -> Bool {
        guard let (trailer, offset) = try openTrailer(&opener) else { return false }
        var keys: [KeyPlace] = []
        for (ordinal, place) in trailer.keys.enumerated() {
            guard let record = try keyRecord(at: place.offset), record.ordinal == UInt32(ordinal),
                record.firstSegment == UInt32(place.firstSegment)
            else { return false }
            do {
                keys.append(try opener.place(record, atByte: place.offset))
            } catch .forged {
                return false
            }
        }
        self.keys = keys
        entries = trailer.entries
        segmentCount = trailer.entries.count
        droppedSegments = trailer.droppedSegments
        ending = .sealed
        end = offset
        return true
    }

    private func openTrailer(
        _ opener: inout KeyRecordOpener
    ) throws(RecordingError) -> (RecordingTrailer, offset: UInt64)? {
        let footerLength = UInt64(RecordingTrailer.Footer.byteCount)
        guard fileByteCount > footerLength else { return nil }
        let footerOffset = fileByteCount - footerLength
        guard
            let footer = RecordingTrailer.Footer(try read(Int(footerLength), from: footerOffset), in: id),
            footer.trailerOffset < footerOffset, footer.lastKeyOffset < footer.trailerOffset,
            let frame = try frame(at: footer.trailerOffset), frame.kind == .trailer,
            frame.bodyLength <= RecordingTrailer.longestBody,
            footer.trailerOffset + UInt64(RecordFrame.byteCount + frame.bodyLength) == footerOffset,
            let record = try keyRecord(at: footer.lastKeyOffset)
        else { return nil }
        let key: EpochKey
        do {
            key = try opener.open(record, atByte: footer.lastKeyOffset).key
        } catch .keyDestroyed {
            return nil
        } catch .forged {
            return nil
        }
        guard let body = try body(frame, at: footer.trailerOffset), let plaintext = key.open(body, frame),
            let trailer = RecordingTrailer(plaintext, end: footer.trailerOffset),
            UInt32(trailer.entries.count) == frame.number,
            trailer.keys.last?.offset == footer.lastKeyOffset
        else { return nil }
        return (trailer, footer.trailerOffset)
    }
}
