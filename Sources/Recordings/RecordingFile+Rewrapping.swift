#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension RecordingFile {
    /// Wraps every data key of a file under another key, as when a hold begins or ends, and answers how many were
    /// not under it yet.
    ///
    /// The segments stay as they are. Durable when this returns; done again after a crash it goes on where it was. Older copies of the file stay
    /// readable by the older key until that is destroyed. Keys that are gone stay so.
    package static func rewrap(
        path: String,
        id: RecordingID,
        under name: RecordingKeyName,
        for purpose: RecordingKeyPurpose,
        keys: any RecordingKeyStore
    ) throws(RecordingError) -> Int {
        let file = try reporting { () throws(SystemFailure) in try OpenedFile(path, O_RDWR) }
        guard try reporting({ () throws(SystemFailure) in try file.lock() }) else { throw .inUse }
        let contents = try RecordingContents(file, expected: id) { KeyRecordOpener(id: $0, keys: keys) }
        if case .damaged(let offset) = contents.ending { throw .forged(atByte: offset) }
        var opener = KeyRecordOpener(id: id, keys: keys)
        var count = 0
        for place in contents.keys where place.key != nil {
            let (dataKey, key, _) = try opener.open(place.record, atByte: place.offset)
            let slots = place.record.slots.map { KeySlot($0, in: id) }
            var kept = slots.firstIndex { slot in
                slot.map { $0.keyName == name && $0.isVouchedFor(by: key) } ?? false
            }
            if kept == nil {
                let wrapped: [UInt8]
                do {
                    try keys.create(name)
                    wrapped = try keys.wrap(dataKey, under: name)
                } catch {
                    throw RecordingError(error)
                }
                let generation = slots.compactMap { $0?.generation }.max() ?? 0
                let slot = KeySlot(
                    generation: generation + 1,
                    purpose: purpose,
                    keyName: name,
                    wrapped: wrapped,
                    key: key
                )
                // Into the place of the older one, so that one is whole at any moment.
                let free = (slots[0]?.generation ?? 0) <= (slots[1]?.generation ?? 0) ? 0 : 1
                let bytes = slot.bytes(in: id)
                try reporting { () throws(SystemFailure) in
                    try file.write(bytes, at: place.offset + KeyRecord.slotOffset(free))
                    try file.synchronizeContent()
                }
                kept = free
                count += 1
            }
            guard let kept, place.record.slots[1 - kept] != KeySlot.empty else { continue }
            try reporting { () throws(SystemFailure) in
                try file.write(KeySlot.empty, at: place.offset + KeyRecord.slotOffset(1 - kept))
                try file.synchronizeContent()
            }
        }
        return count
    }
}
