import Primitives

/// A place in a key record for one wrapping of its data key.
///
///     0            4         5          37       39                 551   567     571
///     | generation | purpose | key name | length | wrapped, 0 padded | tag | check |
///
/// A record has two, so that a data key can be wrapped under another key in place: the other slot is written, then
/// this one is emptied. Of two that are filled the higher generation counts.
struct KeySlot: Equatable {
    static let byteCount = checkStart + 4
    private static let tagStart = 39 + KeyWrapping.longestWrappedKey
    private static let checkStart = tagStart + EpochKey.tagByteCount
    static let empty = [UInt8](repeating: 0, count: byteCount)

    let generation: UInt32
    let purpose: RecordingKeyPurpose
    let keyName: RecordingKeyName
    let wrapped: [UInt8]
    let tag: [UInt8]

    /// What the tag covers.
    private static func content(
        _ generation: UInt32,
        _ purpose: RecordingKeyPurpose,
        _ keyName: RecordingKeyName,
        _ wrapped: [UInt8]
    ) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: byteCount)
        writer.write(generation)
        writer.write(purpose.rawValue)
        writer.write(keyName.bytes)
        writer.write(UInt16(wrapped.count))
        writer.write(wrapped)
        writer.write(repeatElement(0, count: KeyWrapping.longestWrappedKey - wrapped.count))
        return writer.bytes
    }

    private var content: [UInt8] { Self.content(generation, purpose, keyName, wrapped) }

    /// `wrapped` must not be longer than a key store may answer.
    init(
        generation: UInt32,
        purpose: RecordingKeyPurpose,
        keyName: RecordingKeyName,
        wrapped: [UInt8],
        key: EpochKey
    ) {
        precondition(wrapped.count <= KeyWrapping.longestWrappedKey, "a slot has no room for the wrapped key")
        self.generation = generation
        self.purpose = purpose
        self.keyName = keyName
        self.wrapped = wrapped
        tag = key.tag(Self.content(generation, purpose, keyName, wrapped))
    }

    /// `nil` if the bytes are no slot of this file, or an empty one.
    init?(_ bytes: [UInt8], in id: RecordingID) {
        guard bytes.count == Self.byteCount,
            RecordFrame.check(bytes[..<Self.checkStart], id).elementsEqual(bytes[Self.checkStart...])
        else { return nil }
        var reader = ByteReader(bytes.span.bytes)
        guard let generation = reader.readUInt32(),
            let purpose = reader.readUInt8().flatMap(RecordingKeyPurpose.init),
            let name = reader.readBytes(RecordingKeyName.byteCount).flatMap(RecordingKeyName.init(bytes:)),
            let length = reader.readUInt16(), length <= KeyWrapping.longestWrappedKey,
            let wrapped = reader.readBytes(Int(length))
        else { return nil }
        self.generation = generation
        self.purpose = purpose
        keyName = name
        self.wrapped = wrapped
        tag = Array(bytes[Self.tagStart..<Self.checkStart])
        // What the tag covers is made again from the fields: nothing else may stand between them.
        guard self.bytes(in: id) == bytes else { return nil }
    }

    func bytes(in id: RecordingID) -> [UInt8] {
        let bytes = content + tag
        return bytes + RecordFrame.check(bytes[...], id)
    }

    func isVouchedFor(by key: EpochKey) -> Bool { key.vouches(for: content, tag) }
}
