#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A small file with a secret, readable by its owner only, that is there whole or not at all.
struct SecretFile {
    let path: String

    /// The file's bytes; `nil` if there is no file.
    ///
    /// Refuses a file that others may read, or that is longer.
    func read(atMost limit: Int) throws(RecordingKeyError) -> [UInt8]? {
        do {
            let file = try OpenedFile(path, O_RDONLY)
            let status = try file.status()
            guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else {
                throw RecordingKeyError.unusable(
                    "\(path) may be read by others: it has to be its owner's only (0600)"
                )
            }
            guard status.st_size <= limit else { throw RecordingKeyError.unusable("\(path) is too long") }
            return try file.read(limit, from: 0)
        } catch let failure as SystemFailure {
            if failure.code == ENOENT { return nil }
            throw .unavailable("\(path): \(failure)")
        } catch let error as RecordingKeyError {
            throw error
        } catch {
            throw .unavailable("\(path): \(error)")
        }
    }

    /// Writes the file durably; `bytes` are wiped.
    func write(_ bytes: consuming [UInt8]) throws(RecordingKeyError) {
        defer { bytes.wipe() }
        let temporary = path + ".new"
        do {
            if unlink(temporary) != 0, errno != ENOENT { throw SystemFailure("unlink") }
            let file = try OpenedFile(temporary, O_WRONLY | O_CREAT | O_EXCL)
            try file.write(bytes, at: 0)
            try file.synchronize()
            guard rename(temporary, path) == 0 else { throw SystemFailure("rename") }
            try OpenedFile.synchronizeFolder(of: path)
        } catch {
            throw .unavailable("\(path): \(error)")
        }
    }

    /// Overwrites the file where it lies, and removes it; nothing happens if there is none.
    ///
    /// File systems that copy on writing, and flash, may keep the old block: what the overwriting cannot promise,
    /// a store on such a medium has to get from encrypting the medium or from a hardware module.
    func destroy() throws(RecordingKeyError) {
        do throws(SystemFailure) {
            let file = try OpenedFile(path, O_WRONLY)
            let size = try file.byteCount()
            try file.write([UInt8](repeating: 0, count: Int(min(size, 4096))), at: 0)
            try file.synchronize()
            guard unlink(path) == 0 else { throw SystemFailure("unlink") }
            try OpenedFile.synchronizeFolder(of: path)
        } catch {
            // Without a file the folder may still have to forget it: the process that removed it may have died.
            guard error.code == ENOENT else { throw .unavailable("\(path): \(error)") }
            do { try OpenedFile.synchronizeFolder(of: path) } catch {
                throw .unavailable("\(path): \(error)")
            }
        }
    }
}

extension [UInt8] {
    /// Overwrites the bytes in a way that is not optimised away.
    mutating func wipe() {
        withUnsafeMutableBytes { buffer in
            if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
        }
    }
}
