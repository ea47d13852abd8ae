import Crypto

/// Asks the key store for the keys of one file, and for a key that is gone only once.
struct KeyRecordOpener {
    let id: RecordingID
    let keys: any RecordingKeyStore
    private var gone: Set<RecordingKeyName> = []

    init(id: RecordingID, keys: any RecordingKeyStore) {
        self.id = id
        self.keys = keys
    }

    /// The record's data key, what is derived from it, and the slot that it was in; `forged` if the record is not
    /// the one that was written.
    mutating func open(
        _ record: KeyRecord,
        atByte offset: UInt64
    ) throws(RecordingError) -> (dataKey: SymmetricKey, key: EpochKey, slot: KeySlot) {
        let slots = record.slots.compactMap { KeySlot($0, in: id) }
            .sorted { $0.generation > $1.generation }
        guard !slots.isEmpty else { throw .forged(atByte: offset) }
        var failure = RecordingError.forged(atByte: offset)
        for slot in slots {
            if gone.contains(slot.keyName) {
                failure = .keyDestroyed(slot.keyName)
                continue
            }
            let dataKey: SymmetricKey
            do {
                dataKey = try keys.unwrap(slot.wrapped, under: slot.keyName)
            } catch {
                failure = RecordingError(error)
                if case .destroyed(let name) = error { gone.insert(name) }
                // An answer that may be another one later decides nothing.
                if case .keyStoreUnavailable = failure { throw failure }
                continue
            }
            let key = EpochKey(dataKey, in: id, record: record.fixedBytes)
            guard record.isVouchedFor(by: key), slot.isVouchedFor(by: key) else {
                failure = .forged(atByte: offset)
                continue
            }
            return (dataKey, key, slot)
        }
        throw failure
    }

    /// The record with its key, or without one if that is gone.
    mutating func place(
        _ record: KeyRecord,
        atByte offset: UInt64
    ) throws(RecordingError) -> RecordingContents.KeyPlace {
        do {
            let (_, key, slot) = try open(record, atByte: offset)
            return .init(offset: offset, record: record, key: key, slot: slot)
        } catch .keyDestroyed(let name) {
            // Nobody vouches for a slot any more; what it says is all there is.
            guard let slot = record.currentSlot(in: id) else { throw .keyDestroyed(name) }
            return .init(offset: offset, record: record, key: nil, slot: slot)
        }
    }
}
