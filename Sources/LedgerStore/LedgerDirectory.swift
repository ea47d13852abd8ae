import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A directory that one process owns for as long as this value lives, with the ledger's file in it.
final class LedgerDirectory: Sendable {
    let databasePath: String
    private let lock: Int32

    /// Makes the directory (0700) if there is none, and takes its lock.
    init(path: String) throws(LedgerError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .unusable("the ledger's directory \(path) cannot be made: \(error.localizedDescription)")
        }
        let lockPath = path + "/ledger.lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unusable("\(lockPath) cannot be opened: \(systemErrorText())")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(descriptor)
            throw .unusable("the ledger in \(path) is in use by another process")
        }
        lock = descriptor
        databasePath = path + "/ledger.sqlite"
    }

    deinit {
        Glibc.close(lock)
    }

    /// Makes the database file if there is none, readable by its owner only.
    func prepareFile() throws(LedgerError) {
        let descriptor = open(databasePath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unusable("\(databasePath) cannot be opened: \(systemErrorText())")
        }
        fchmod(descriptor, 0o600)
        Glibc.close(descriptor)
    }

    /// Which file stands at the database's path now; `nil` if there is none.
    func fileIdentity() -> FileIdentity? {
        var status = stat()
        guard stat(databasePath, &status) == 0 else { return nil }
        return FileIdentity(device: status.st_dev, inode: status.st_ino)
    }
}

/// A file as the file system knows it, whatever its name.
struct FileIdentity: Hashable, Sendable {
    let device: dev_t
    let inode: ino_t
}

private func systemErrorText() -> String { String(cString: strerror(errno)) }
