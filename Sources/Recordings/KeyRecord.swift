import Primitives

/// The record that a stretch of segments begins with: their epoch, and their data key as the key store wrapped it.
///
///     frame | epoch 8 | first segment 4 | tag of the record before 16 | slot | slot | tag 16
///
/// The tag of the record before makes the file a chain: what two continuations of one file wrote cannot be mixed.
struct KeyRecord {
    static let bodyLength = fixedByteCount + 2 * KeySlot.byteCount + EpochKey.tagByteCount
    private static let fixedByteCount = 28
    /// Of one file: epochs and continuations.
    ///
    /// Each costs a question to the key store when the file is opened.
    static let most = 4096

    let ordinal: UInt32
    let epoch: UInt64
    let firstSegment: UInt32
    let previousTag: [UInt8]
    /// Slots as they are on the disk.
    var slots: [[UInt8]] = []
    private(set) var tag: [UInt8] = []

    init(ordinal: UInt32, epoch: UInt64, firstSegment: UInt32, previousTag: [UInt8]) {
        self.ordinal = ordinal
        self.epoch = epoch
        self.firstSegment = firstSegment
        self.previousTag = previousTag
    }

    /// `nil` if the body has another length.
    init?(_ body: [UInt8], _ frame: RecordFrame) {
        guard frame.kind == .key, frame.counter == 0, body.count == Self.bodyLength else { return nil }
        var reader = ByteReader(body.span.bytes)
        guard let epoch = reader.readUInt64(), let first = reader.readUInt32(),
            let previous = reader.readBytes(EpochKey.tagByteCount),
            let one = reader.readBytes(KeySlot.byteCount), let other = reader.readBytes(KeySlot.byteCount),
            let tag = reader.readBytes(EpochKey.tagByteCount)
        else { return nil }
        self.init(ordinal: frame.number, epoch: epoch, firstSegment: first, previousTag: previous)
        slots = [one, other]
        self.tag = tag
    }

    var frame: RecordFrame {
        RecordFrame(kind: .key, bodyLength: Self.bodyLength, number: ordinal, counter: 0)
    }

    /// What never changes of the record: the context of the key's derivation.
    var fixedBytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(frame.checkedBytes)
        writer.write(epoch)
        writer.write(firstSegment)
        writer.write(previousTag)
        return writer.bytes
    }

    /// Where slots begin, from the beginning of the record.
    static func slotOffset(_ index: Int) -> UInt64 {
        UInt64(RecordFrame.byteCount + fixedByteCount + index * KeySlot.byteCount)
    }

    /// The whole record with its only slot filled.
    mutating func bytes(filling slot: KeySlot, key: EpochKey, in id: RecordingID) -> [UInt8] {
        slots = [slot.bytes(in: id), KeySlot.empty]
        tag = key.tag(fixedBytes)
        return frame.bytes(in: id) + fixedBytes.dropFirst(frame.checkedBytes.count) + slots.joined() + tag
    }

    func isVouchedFor(by key: EpochKey) -> Bool { key.vouches(for: fixedBytes, tag) }

    /// Whether each slot is empty or as it was written; not so after a rewrapping that was interrupted, or after
    /// damage.
    ///
    /// Without the key only damage is found.
    func hasWholeSlots(in id: RecordingID, key: EpochKey?) -> Bool {
        slots.allSatisfy { bytes in
            guard bytes != KeySlot.empty else { return true }
            guard let slot = KeySlot(bytes, in: id) else { return false }
            return key.map(slot.isVouchedFor) ?? true
        }
    }

    /// The slot that counts; `nil` if there is none.
    func currentSlot(in id: RecordingID) -> KeySlot? {
        slots.compactMap { KeySlot($0, in: id) }.max { $0.generation < $1.generation }
    }
}
