import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where recordings lie: one file each, named by its identifier, readable by their owner only.
package struct RecordingFolder: Sendable {
    private static let suffix = ".recording"

    package let path: String

    /// Makes the folder (0700) if there is none.
    package init(path: String) throws(RecordingError) {
        let path = FolderSeparation.absolute(path)
        self.path = path
        let isPrivate = try reporting { () throws(SystemFailure) in try FolderSeparation.makePrivate(path) }
        guard isPrivate else { throw .system(SystemFailure(operation: "use of \(path)", code: EACCES)) }
    }

    /// The file of a recording, whether there is one or not.
    package func path(of id: RecordingID) -> String { "\(path)/\(id)\(Self.suffix)" }

    /// The recordings that have a file, in the order of their identifiers.
    package func recordings() throws(RecordingError) -> [RecordingID] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted().compactMap {
                $0.hasSuffix(Self.suffix) ? RecordingID(String($0.dropLast(Self.suffix.count))) : nil
            }
        } catch {
            throw .system(SystemFailure(operation: "list of \(path)", code: EIO))
        }
    }

    /// Removes a recording's file durably; nothing happens if there is none.
    package func remove(_ id: RecordingID) throws(RecordingError) {
        let file = path(of: id)
        try reporting { () throws(SystemFailure) in
            guard unlink(file) == 0 || errno == ENOENT else { throw SystemFailure("unlink") }
            try OpenedFile.synchronizeFolder(of: file)
        }
    }
}
