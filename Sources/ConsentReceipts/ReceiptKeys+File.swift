import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension ReceiptKeys {
    private static let ownerOnly = 0o600 as mode_t

    /// Reads the key file at `path`, or makes one with a new key if there is none.
    ///
    /// The file is a JWK Set, mode 0600, and nobody's but this process's user. To change the key, put a new one
    /// in front and leave the old one without its `d`, so that receipts signed with it can still be checked.
    package static func loadOrCreate(path: String) throws(ReceiptKeyError) -> ReceiptKeys {
        if let found = try load(path) { return found }
        try create(path)
        guard let made = try load(path) else {
            throw failure(path, "it went away while it was made")
        }
        return made
    }

    private static func failure(_ path: String, _ reason: String) -> ReceiptKeyError {
        ReceiptKeyError(description: "\(path), which holds the key that signs receipts: \(reason)")
    }

    private static func systemFailure(_ path: String, _ what: String) -> ReceiptKeyError {
        failure(path, "\(what): \(String(cString: strerror(errno)))")
    }

    /// `nil` if there is no file.
    private static func load(_ path: String) throws(ReceiptKeyError) -> ReceiptKeys? {
        // Non-blocking, so that a FIFO in the file's place is refused and not waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw systemFailure(path, "it cannot be opened")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard let status = OpenedFileStatus(descriptor: descriptor) else {
            throw systemFailure(path, "it cannot be examined")
        }
        guard status.isRegular else { throw failure(path, "it is not a file") }
        guard status.owner == geteuid() else {
            throw failure(path, "it belongs to another user (\(status.owner))")
        }
        guard status.mode & 0o077 == 0 else {
            let mode = String(status.mode, radix: 8)
            throw failure(path, "others may read or write it (mode \(mode)); run: chmod 600 \(path)")
        }
        let limit = PublishedReceiptKeys.maximumDocumentBytes
        let bytes: Data?
        do {
            bytes = try file.read(upToCount: limit + 1)
        } catch {
            throw failure(path, "it cannot be read: \(error.localizedDescription)")
        }
        do throws(ReceiptKeyError) {
            return try ReceiptKeys(keyFile: Array(bytes ?? Data()))
        } catch {
            throw failure(
                path,
                "\(error.description). Only a copy brings the key back; without one, remove it"
            )
        }
    }

    /// Writes the whole file under a name of its own and only then gives it its name, which no second process can
    /// take meanwhile: whoever opens it finds a whole key, and two that start at a time use the same one.
    private static func create(_ path: String) throws(ReceiptKeyError) {
        let directory = URL(filePath: path).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(
                at: directory,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw failure(path, "its directory cannot be made: \(error.localizedDescription)")
        }
        let draft = "\(path).\(UUID().uuidString)"
        let descriptor = open(draft, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, ownerOnly)
        guard descriptor >= 0 else { throw systemFailure(path, "it cannot be made") }
        defer { unlink(draft) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(try random().keyFile + [0x0A]))
            try file.synchronize()
            try file.close()
        } catch {
            throw failure(path, "it cannot be written: \(error)")
        }
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw systemFailure(path, "it cannot be named")
        }
        synchronizeDirectory(directory)
    }

    /// So that the name outlasts a power failure; a file system that cannot do that has nothing better.
    private static func synchronizeDirectory(_ directory: URL) {
        let descriptor = open(directory.path(percentEncoded: false), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
