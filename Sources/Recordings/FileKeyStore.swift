import Crypto
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Keys as files of a folder of their own, one a key, readable by their owner only.
///
/// A wrapped data key is the store's identity (8 bytes), the key's (8), a nonce (12), and the data key under
/// AES-256-GCM (48). The two identities tell a destroyed key from another store's.
package struct FileKeyStore: RecordingKeyStore {
    /// The file with the secret of `RecordingKeyNames`, for whoever keeps it beside the keys.
    package static let namesFile = "names.secret"

    private static let storeFile = "store.id"
    private static let lockFile = "store.lock"
    private static let identityByteCount = 8
    private static let wrappedByteCount = 2 * identityByteCount + 12 + KeyWrapping.dataKeyByteCount + 16

    package let directory: String
    private let identity: [UInt8]

    /// Makes the folder (0700) if there is none.
    ///
    /// Refuses one that holds, is in or is `dataDirectory`: whoever
    /// copies the recordings must not copy their keys by that.
    package init(directory: String, apartFrom dataDirectory: String) throws(RecordingKeyError) {
        let directory = FolderSeparation.absolute(directory)
        let data = FolderSeparation.absolute(dataDirectory)
        guard FolderSeparation.areApart(directory, data) else {
            throw .unusable("\(directory) has to be apart from \(data), neither in it nor around it")
        }
        do {
            guard try FolderSeparation.makePrivate(directory) else {
                throw RecordingKeyError.unusable("others may look into \(directory): it has to be 0700")
            }
        } catch let failure as SystemFailure {
            throw .unusable("\(directory): \(failure)")
        } catch let error as RecordingKeyError {
            throw error
        } catch {
            throw .unusable("\(directory): \(error)")
        }
        self.directory = directory
        identity = try Self.locked(directory) { () throws(RecordingKeyError) in
            let file = SecretFile(path: "\(directory)/\(Self.storeFile)")
            if let bytes = try file.read(atMost: Self.identityByteCount) {
                guard bytes.count == Self.identityByteCount else {
                    throw .unusable("\(file.path) is damaged")
                }
                return bytes
            }
            let bytes = Self.randomBytes(Self.identityByteCount)
            try file.write(bytes)
            return bytes
        }
    }

    package func create(_ name: RecordingKeyName) throws(RecordingKeyError) {
        try Self.locked(directory) { () throws(RecordingKeyError) in
            guard try key(name) == nil else { return }
            try file(name).write(KeyFileContent.make())
        }
    }

    package func wrap(
        _ dataKey: SymmetricKey,
        under name: RecordingKeyName
    ) throws(RecordingKeyError) -> [UInt8] {
        guard let key = try key(name) else { throw .destroyed(name) }
        let sealed: AES.GCM.SealedBox
        do {
            sealed = try dataKey.withUnsafeBytes {
                try AES.GCM.seal($0, using: key.secret, authenticating: context(name, key.identity))
            }
        } catch {
            throw .unusable("AES-GCM: \(error)")
        }
        return identity + key.identity + sealed.nonce + sealed.ciphertext + sealed.tag
    }

    package func unwrap(
        _ wrapped: [UInt8],
        under name: RecordingKeyName
    ) throws(RecordingKeyError) -> SymmetricKey {
        let length = Self.identityByteCount
        guard wrapped.count == Self.wrappedByteCount, wrapped.starts(with: identity) else {
            throw .wrongKey(name)
        }
        guard let key = try key(name), wrapped[length..<2 * length].elementsEqual(key.identity) else {
            throw .destroyed(name)
        }
        do {
            let box = try AES.GCM.SealedBox(combined: wrapped[(2 * length)...])
            var bytes = try AES.GCM.open(
                box,
                using: key.secret,
                authenticating: context(name, key.identity)
            )
            defer { bytes.resetBytes(in: 0..<bytes.count) }
            return SymmetricKey(data: bytes)
        } catch {
            throw .wrongKey(name)
        }
    }

    package func destroy(_ name: RecordingKeyName) throws(RecordingKeyError) {
        try Self.locked(directory) { () throws(RecordingKeyError) in try file(name).destroy() }
    }

    package func exists(_ name: RecordingKeyName) throws(RecordingKeyError) -> Bool { try key(name) != nil }

    private func file(_ name: RecordingKeyName) -> SecretFile {
        SecretFile(path: "\(directory)/\(name).key")
    }

    /// Read anew each time, so that no key outlives its destruction in memory.
    private func key(_ name: RecordingKeyName) throws(RecordingKeyError) -> KeyFileContent? {
        let file = file(name)
        guard var bytes = try file.read(atMost: KeyFileContent.byteCount) else { return nil }
        defer { bytes.wipe() }
        // A destruction that was interrupted after it had overwritten the key.
        if bytes.allSatisfy({ $0 == 0 }) { return nil }
        guard let content = KeyFileContent(bytes) else { throw .unusable("\(file.path) is damaged") }
        return content
    }

    private func context(_ name: RecordingKeyName, _ key: [UInt8]) -> [UInt8] {
        Array("tally wrapped data key 1".utf8) + identity + key + name.bytes
    }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// Lets one process at a time make and destroy keys.
    private static func locked<Result>(
        _ directory: String,
        _ body: () throws(RecordingKeyError) -> Result
    ) throws(RecordingKeyError) -> Result {
        let lock: OpenedFile
        do {
            lock = try OpenedFile("\(directory)/\(lockFile)", O_RDWR | O_CREAT)
            try lock.lockWaiting()
        } catch {
            throw .unavailable("\(directory)/\(lockFile): \(error)")
        }
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }
}
