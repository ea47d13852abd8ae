import Foundation
import Primitives
import TransparencyLogs

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the files of a published log can be read, wherever they are.
package protocol LogSource: Sendable {
    /// The file's bytes; `nil` if there is none.
    func read(_ resource: LogResource) async throws -> [UInt8]?
}

/// A published log as a folder of files.
package struct LogFolder: LogSource {
    /// Most bytes of a file: 256 entries of the longest kind with their lengths.
    package static let longestFile = TileID.fullWidth * (EntryBundle.longestEntry + 2)

    package let path: String

    package init(path: String) {
        self.path = path
    }

    package func read(_ resource: LogResource) throws -> [UInt8]? {
        let name = "\(path)/\(resource.path)"
        let descriptor = open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw LogFolderError("read of \(name)") }
            return nil
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let bytes = try handle.read(upToCount: Self.longestFile + 1) ?? Data()
        guard bytes.count <= Self.longestFile else { throw LogFolderError("\(name) is too long: read") }
        return [UInt8](bytes)
    }

    /// Writes a file so that it is there whole or not at all, whatever happens.
    func write(_ bytes: [UInt8], to resource: LogResource) throws(LogFolderError) {
        let name = "\(path)/\(resource.path)"
        let folder = String(name[..<(name.lastIndex(of: "/") ?? name.endIndex)])
        try make(folder)
        let temporary = "\(path)/\(Self.temporaryName)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LogFolderError("making of \(temporary)") }
        defer { Glibc.close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            // Safe because the pointer is only read, within the call.
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw LogFolderError("writing of \(temporary)") }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw LogFolderError("writing of \(temporary)") }
        guard rename(temporary, name) == 0 else { throw LogFolderError("naming of \(name)") }
        try sync(folder)
    }

    /// Removes the partial forms of a tile or bundle whose full form is there.
    func removePartialForms(of resource: LogResource) throws(LogFolderError) {
        let name = "\(path)/\(resource.path).p"
        do {
            try FileManager.default.removeItem(atPath: name)
        } catch CocoaError.fileNoSuchFile {
            return
        } catch {
            throw LogFolderError("removing of \(name)")
        }
    }

    func exists(_ resource: LogResource) -> Bool { access("\(path)/\(resource.path)", F_OK) == 0 }

    /// When a file was last written; `nil` if there is none.
    package func time(of resource: LogResource) -> WallClockTime? {
        var status = stat()
        guard stat("\(path)/\(resource.path)", &status) == 0 else { return nil }
        let time = status.st_mtim
        return WallClockTime(nanosecondsSince1970: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Makes the folder, and those above it up to the log's own.
    private func make(_ folder: String) throws(LogFolderError) {
        guard access(folder, F_OK) != 0 else { return }
        guard let end = folder.lastIndex(of: "/") else { throw LogFolderError("making of \(folder)") }
        let above = String(folder[..<end])
        if folder != path { try make(above) }
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
            throw LogFolderError("making of \(folder)")
        }
        try sync(above)
    }

    private func sync(_ folder: String) throws(LogFolderError) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LogFolderError("opening of \(folder)") }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw LogFolderError("writing of \(folder)") }
    }

    /// One writer at a time: the process that holds the ledger's lock.
    private static let temporaryName = ".writing"
}

/// A file of the log that cannot be read or written, and why.
struct LogFolderError: Error, CustomStringConvertible {
    let description: String

    /// Takes the reason from `errno`.
    init(_ what: String) {
        description = "\(what) failed: \(String(cString: strerror(errno)))"
    }
}
