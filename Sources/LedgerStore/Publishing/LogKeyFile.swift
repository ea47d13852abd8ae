import Foundation
import TransparencyLogs

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file with the log's private key, readable by its owner only.
enum LogKeyFile {
    static let name = "ledger.key"

    /// The key in the ledger's directory; where there is none, a new one called `origin`.
    ///
    /// A key that is there keeps its name: another name would be another log.
    static func loadOrMake(directory: String, origin: KeyName?) throws(LedgerError) -> SigningKey {
        let path = "\(directory)/\(name)"
        let file = LogKeyPath(path: path)
        if let text = try file.text() {
            guard let key = SigningKey(text: text.split(separator: "\n").first ?? "") else {
                throw .unusable("\(path) holds no signing key")
            }
            return key
        }
        let seed = CommitmentSecret.randomBytes(SigningKey.seedByteCount)
        let fallback = KeyName(
            "tally-ledger/\(Hexadecimal.encode(CommitmentSecret.randomBytes(8)))"
        )
        guard let name = origin ?? fallback, let key = SigningKey(name: name, seed: seed) else {
            throw .unusable("a signing key cannot be made")
        }
        try file.make(key.secretText + "\n")
        return key
    }
}

/// The path of a secret, with what a secret's file needs.
private struct LogKeyPath {
    let path: String

    /// The file's text; `nil` if there is no file.
    func text() throws(LedgerError) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .unusable("\(path) cannot be read: \(reason)") }
            return nil
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .unusable("\(path) may be read by others: it has to be readable by its owner only (0600)")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unusable("\(path) cannot be read: \(reason)")
        }
        return String(decoding: data.prefix(4096), as: UTF8.self)
    }

    /// Writes a file that was not there, whole or not at all.
    func make(_ text: String) throws(LedgerError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .unusable("\(temporary) cannot be made: \(reason)") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.synchronize()
        } catch {
            throw .unavailable("\(temporary) cannot be written: \(error.localizedDescription)")
        }
        guard rename(temporary, path) == 0 else { throw .unusable("\(path) cannot be made: \(reason)") }
    }

    private var reason: String { String(cString: strerror(errno)) }
}
