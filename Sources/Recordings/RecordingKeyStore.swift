import Crypto

/// Where key-encryption keys are kept, apart from the recordings that they protect.
///
/// Calls block until they are answered. A key that was destroyed cannot be brought back by anybody; making one of
/// the same name later makes another key, which unwraps nothing that the first one wrapped.
package protocol RecordingKeyStore: Sendable {
    /// Makes the key if there is none of this name; durable when this returns.
    func create(_ name: RecordingKeyName) throws(RecordingKeyError)

    /// The data key (32 bytes) as only this store's key of that name opens it, in at most 512 bytes.
    func wrap(_ dataKey: SymmetricKey, under name: RecordingKeyName) throws(RecordingKeyError) -> [UInt8]

    /// The data key again; `destroyed` and `wrongKey` are final, `unavailable` may pass.
    func unwrap(_ wrapped: [UInt8], under name: RecordingKeyName) throws(RecordingKeyError) -> SymmetricKey

    /// Ends the key for good; when this returns, whatever was wrapped under it is unreadable.
    ///
    /// Nothing happens if there is none. Writers and readers that hold data keys already are to be ended first:
    /// what they have unwrapped they keep.
    func destroy(_ name: RecordingKeyName) throws(RecordingKeyError)

    /// Whether there is a key of this name.
    func exists(_ name: RecordingKeyName) throws(RecordingKeyError) -> Bool
}

/// Why a key store did not do what it was asked; never holds a secret.
package enum RecordingKeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The store has no key of this name, or another one than the data key was wrapped under.
    case destroyed(RecordingKeyName)
    /// What was to be unwrapped comes from another store, or was altered.
    case wrongKey(RecordingKeyName)
    /// The store cannot be asked at present.
    case unavailable(String)
    /// The store cannot work as it is set up.
    case unusable(String)

    package var description: String {
        switch self {
        case .destroyed(let name): "the key \(name) was destroyed"
        case .wrongKey(let name):
            "what was wrapped under the key \(name) comes from another key store or was altered"
        case .unavailable(let reason): "the key store is not available: \(reason)"
        case .unusable(let reason): "the key store cannot be used: \(reason)"
        }
    }
}

/// Sizes that every key store keeps to.
enum KeyWrapping {
    static let dataKeyByteCount = 32
    /// As RSA-OAEP with 4096 bits has; AES key wrap and AES-GCM need far less.
    static let longestWrappedKey = 512
}
