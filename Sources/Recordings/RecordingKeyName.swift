/// The name of a key-encryption key: an opaque hash, which says nothing of the participant or the room.
package struct RecordingKeyName: Hashable, Sendable, CustomStringConvertible {
    static let byteCount = 32

    let bytes: [UInt8]

    /// `nil` if `text` is not 64 digits of lower-case hexadecimal.
    package init?(_ text: String) {
        guard let bytes = HexadecimalText.decode(text, byteCount: Self.byteCount) else { return nil }
        self.bytes = bytes
    }

    /// `nil` if there are not 32 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    package var description: String { HexadecimalText.encode(bytes) }
}

/// What a key-encryption key is for.
package enum RecordingKeyPurpose: UInt8, Sendable {
    case ordinary = 0
    /// For what a hold keeps and nobody may be shown: ordinary readers are not given this key.
    case restricted = 1
}
