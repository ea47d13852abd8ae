#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Tells whether one folder is, holds or lies in another, by what the file system says and not by how paths are
/// spelled.
enum FolderSeparation {
    private struct Identity: Hashable {
        let device: dev_t
        let inode: ino_t
    }

    /// `false` as well if either cannot be looked at.
    ///
    /// Folders that do not exist yet count as they would be made.
    static func areApart(_ first: String, _ second: String) -> Bool {
        guard let one = ancestry(first), let other = ancestry(second) else { return false }
        if one.missing.isEmpty, let end = one.chain.first, other.chain.contains(end) { return false }
        if other.missing.isEmpty, let end = other.chain.first, one.chain.contains(end) { return false }
        // Both would be made below the same folder: there names decide.
        guard one.chain.first == other.chain.first else { return true }
        return !one.missing.starts(with: other.missing) && !other.missing.starts(with: one.missing)
    }

    /// The folders from the path up to the root, as far as they exist, and the names below that do not.
    private static func ancestry(_ path: String) -> (chain: [Identity], missing: [Substring])? {
        guard path.hasPrefix("/") else { return nil }
        var existing = path
        var missing: [Substring] = []
        while true {
            var status = stat()
            if stat(existing, &status) == 0 { break }
            let parts = existing.split(separator: "/")
            guard errno == ENOENT, let last = parts.last, last != "..", last != "." else { return nil }
            // A link that leads nowhere is refused: what it would become is not known.
            guard lstat(existing, &status) != 0 else { return nil }
            missing.insert(last, at: 0)
            existing = "/" + parts.dropLast().joined(separator: "/")
        }
        guard let resolved = realpath(existing, nil) else { return nil }
        defer { free(resolved) }
        var folder = String(cString: resolved)
        var chain: [Identity] = []
        while true {
            var status = stat()
            guard stat(folder, &status) == 0 else { return nil }
            chain.append(Identity(device: status.st_dev, inode: status.st_ino))
            guard folder != "/" else { return (chain, missing) }
            folder = "/" + folder.split(separator: "/").dropLast().joined(separator: "/")
        }
    }

    /// Makes the folder (0700) with those above it; `false` if it is there and others may look into it.
    static func makePrivate(_ path: String) throws(SystemFailure) -> Bool {
        let parts = path.split(separator: "/")
        for count in 1...max(1, parts.count) {
            let folder = "/" + parts.prefix(count).joined(separator: "/")
            var status = stat()
            if stat(folder, &status) == 0 { continue }
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw SystemFailure("mkdir") }
            try OpenedFile.synchronizeFolder(of: folder)
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemFailure("stat") }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw SystemFailure(operation: "mkdir", code: ENOTDIR)
        }
        return status.st_mode & 0o077 == 0 && status.st_uid == geteuid()
    }

    /// `path` from the root.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}
