import Crypto
import Primitives

/// Names keys by a keyed hash, so that whoever has the names cannot try out participants.
package struct RecordingKeyNames: Sendable {
    static let secretByteCount = 32

    private let secret: SymmetricKey

    /// By the secret in the file at `path`; where there is no file, by a new secret, put there durably (0600).
    ///
    /// It belongs beside the keys and apart from the data. Names that were given stay readable in recordings, so
    /// that a lost secret loses no key.
    package init(path: String) throws(RecordingKeyError) {
        let file = SecretFile(path: path)
        if var bytes = try file.read(atMost: Self.secretByteCount) {
            defer { bytes.wipe() }
            guard bytes.count == Self.secretByteCount else {
                throw .unusable("\(path) holds no secret of \(Self.secretByteCount) bytes")
            }
            secret = SymmetricKey(data: bytes)
        } else {
            secret = SymmetricKey(size: .bits256)
            try file.write(secret.withUnsafeBytes { Array($0) })
        }
    }

    /// The name of the key of one participant in one room for one purpose.
    package func name(
        of participant: ParticipantID,
        in room: RoomName,
        for purpose: RecordingKeyPurpose
    ) -> RecordingKeyName {
        var message = ByteWriter()
        message.write("tally recording key 1".utf8)
        for text in [room.text, participant.text] {
            message.write(UInt16(text.utf8.count))
            message.write(text.utf8)
        }
        message.write(purpose.rawValue)
        let code = HMAC<SHA256>.authenticationCode(for: message.bytes, using: secret)
        guard let name = RecordingKeyName(bytes: Array(code)) else {
            preconditionFailure("SHA-256 has \(RecordingKeyName.byteCount) bytes")
        }
        return name
    }
}
