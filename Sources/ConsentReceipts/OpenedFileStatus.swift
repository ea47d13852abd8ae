#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the file system says about a file that is open, so that nobody can put another in its place meanwhile.
struct OpenedFileStatus {
    let isRegular: Bool
    let owner: UInt32
    /// Permission bits.
    let mode: UInt32

    /// `nil` if the system does not tell; `errno` says why.
    init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        isRegular = status.st_mode & S_IFMT == S_IFREG
        owner = status.st_uid
        mode = status.st_mode & 0o7777
    }
}
