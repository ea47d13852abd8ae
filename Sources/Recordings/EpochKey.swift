import Crypto
import Foundation

/// What a data key is derived into: one key that seals, one that vouches for the key's own record.
///
/// Derived by HKDF-SHA-256 with the file's identifier as the salt and the key record as the context: what was
/// sealed in another file, at another place of the chain or in another epoch opens nowhere else.
struct EpochKey: Sendable {
    static let tagByteCount = 16

    private let sealing: SymmetricKey
    private let vouching: SymmetricKey

    init(_ dataKey: SymmetricKey, in id: RecordingID, record: [UInt8]) {
        func derive(_ label: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: dataKey,
                salt: id.bytes,
                info: Array("tally recording \(RecordingHeader.version) \(label)\0".utf8) + record,
                outputByteCount: 32
            )
        }
        sealing = derive("seal")
        vouching = derive("key record")
    }

    /// A frame and its sealed body.
    ///
    /// Each frame must be sealed once in the key's life.
    func seal(_ plaintext: [UInt8], _ frame: RecordFrame, in id: RecordingID) -> [UInt8] {
        let associated = frame.checkedBytes
        // Sealing fails only if the plaintext is longer than 64 GiB, and segments are bounded.
        guard let nonce = try? Self.nonce(frame),
            let box = try? AES.GCM.seal(plaintext, using: sealing, nonce: nonce, authenticating: associated)
        else { preconditionFailure("AES-GCM refuses to seal \(plaintext.count) bytes") }
        var record = frame.bytes(in: id)
        record.reserveCapacity(record.count + box.ciphertext.count + box.tag.count)
        record += box.ciphertext
        record += box.tag
        return record
    }

    /// The plaintext of a sealed body; `nil` if it is not what was sealed with this frame.
    func open(_ body: [UInt8], _ frame: RecordFrame) -> [UInt8]? {
        guard body.count >= Self.tagByteCount, let nonce = try? Self.nonce(frame) else { return nil }
        let end = body.count - Self.tagByteCount
        guard
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: body[..<end], tag: body[end...]),
            let plaintext = try? AES.GCM.open(box, using: sealing, authenticating: frame.checkedBytes)
        else { return nil }
        return [UInt8](plaintext)
    }

    /// 16 bytes that only this key makes of `bytes`.
    func tag(_ bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: vouching)).dropLast(16)
    }

    /// Whether `tag` is that of `bytes`; the comparison takes as long wherever they differ.
    func vouches(for bytes: [UInt8], _ tag: some Sequence<UInt8>) -> Bool {
        var difference: UInt8 = 0
        for (one, other) in zip(self.tag(bytes), tag) { difference |= one ^ other }
        return difference == 0
    }

    /// The kind in the first byte, as STREAM marks its last block, and the counter in the last four.
    private static func nonce(_ frame: RecordFrame) throws -> AES.GCM.Nonce {
        var bytes = [UInt8](repeating: 0, count: 12)
        bytes[0] = frame.kind.rawValue
        for index in 0..<4 { bytes[8 + index] = UInt8(truncatingIfNeeded: frame.counter >> (24 - 8 * index)) }
        return try AES.GCM.Nonce(data: bytes)
    }
}
