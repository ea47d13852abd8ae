#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A regular file that is open for as long as this value lives.
final class OpenedFile: Sendable {
    private let descriptor: Int32

    /// Follows no symbolic link in the last place, and refuses pipes and devices without waiting for them.
    init(_ path: String, _ flags: Int32) throws(SystemFailure) {
        let opened = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard opened >= 0 else { throw SystemFailure("open") }
        descriptor = opened
        guard try status().st_mode & S_IFMT == S_IFREG else {
            throw SystemFailure(operation: "open", code: EINVAL)
        }
    }

    deinit { close(descriptor) }

    func status() throws(SystemFailure) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemFailure("fstat") }
        return status
    }

    func byteCount() throws(SystemFailure) -> UInt64 { UInt64(clamping: try status().st_size) }

    /// Keeps other processes and other openings of this one out; `false` if one of them was first.
    func lock() throws(SystemFailure) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw SystemFailure("flock") }
        }
        return true
    }

    /// Waits until no other opening holds the lock.
    func lockWaiting() throws(SystemFailure) {
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw SystemFailure("flock") }
        }
    }

    /// `count` bytes from `offset`, or fewer where the file ends.
    func read(_ count: Int, from offset: UInt64) throws(SystemFailure) -> [UInt8] {
        var failure: SystemFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let start = buffer.baseAddress.map { $0 + filled }
                let part = pread(descriptor, start, count - filled, off_t(offset) + off_t(filled))
                if part < 0, errno == EINTR { continue }
                if part < 0 { failure = SystemFailure("read") }
                guard part > 0 else { return }
                filled += part
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes all of `bytes` at `offset`; after a failure any part of them may be there.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemFailure) {
        var written = 0
        while written < bytes.count {
            let part = bytes.withUnsafeBytes { buffer in
                pwrite(
                    descriptor,
                    buffer.baseAddress.map { $0 + written },
                    bytes.count - written,
                    off_t(offset) + off_t(written)
                )
            }
            if part < 0, errno == EINTR { continue }
            guard part > 0 else {
                throw part < 0 ? SystemFailure("write") : SystemFailure(operation: "write", code: ENOSPC)
            }
            written += part
        }
    }

    func truncate(to byteCount: UInt64) throws(SystemFailure) {
        while ftruncate(descriptor, off_t(byteCount)) != 0 {
            guard errno == EINTR else { throw SystemFailure("ftruncate") }
        }
    }

    /// Waits until content and size are on the disk.
    func synchronizeContent() throws(SystemFailure) {
        guard fdatasync(descriptor) == 0 else { throw SystemFailure("fdatasync") }
    }

    /// Waits until the file is on the disk with all that is known of it.
    func synchronize() throws(SystemFailure) {
        guard fsync(descriptor) == 0 else { throw SystemFailure("fsync") }
    }

    /// Waits until the entries of the folder that holds `path` are on the disk.
    static func synchronizeFolder(of path: String) throws(SystemFailure) {
        let end = path.lastIndex(of: "/")
        let folder = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw SystemFailure("open") }
        defer { close(opened) }
        guard fsync(opened) == 0 else { throw SystemFailure("fsync") }
    }
}
