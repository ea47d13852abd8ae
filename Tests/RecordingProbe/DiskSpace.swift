import Foundation

/// Room on the disk that is taken and given back: by another file on a small file system, or by the system's limit
/// on the size of files.
struct DiskSpace {
    private static let roomBytes: rlim_t = 3_000_000

    /// A limit in bytes; `nil` for a small file system.
    private let limitBytes: rlim_t?
    private let path: String

    /// `tmpfs`, `limit`, or `nothing` for a limit that leaves room for keys only.
    init(kind: String, path: String) {
        limitBytes = ["limit": 300_000, "nothing": 200][kind]
        self.path = path
    }

    var folder: String { String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex)) }
    private var ballast: String { "\(folder)/ballast" }

    mutating func shrink() throws {
        if let limitBytes {
            signal(SIGXFSZ, SIG_IGN)
            try limit(limitBytes)
        } else {
            try Data(repeating: 1, count: 600_000).write(to: URL(fileURLWithPath: ballast))
        }
    }

    mutating func grow() throws {
        if limitBytes != nil {
            try limit(Self.roomBytes)
        } else {
            try FileManager.default.removeItem(atPath: ballast)
        }
    }

    private func limit(_ bytes: rlim_t) throws {
        var limits = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
        limits.rlim_cur = bytes
        guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0 else {
            throw CocoaError(.fileWriteUnknown)
        }
    }
}
