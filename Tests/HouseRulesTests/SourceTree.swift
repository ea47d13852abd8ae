import Foundation
import Testing

/// The checkout that this file stands in.
struct SourceTree {
    let root: URL

    /// Walks up from this file to the folder with the package's manifest and the formatter's settings.
    init(from file: String = #filePath) throws {
        var folder = URL(filePath: file).resolvingSymlinksInPath().deletingLastPathComponent()
        while !Self.isRoot(folder), folder.path.utf8.count > 1 { folder.deleteLastPathComponent() }
        try #require(Self.isRoot(folder), "no checkout around \(file)")
        root = folder
    }

    private static func isRoot(_ folder: URL) -> Bool {
        ["Package.swift", ".swift-format", "Sources"].allSatisfy {
            FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
        }
    }

    /// Every Swift file of `trees` (`Sources`, `Tests`), in the order of their paths.
    static func swiftSources(_ trees: String...) throws -> [SwiftSource] {
        let sources = try everySource.get().filter { trees.contains($0.tree) }
        // A rule over nothing would hold: the tree is known to be larger than this.
        try #require(sources.count > 20, "only \(sources.count) Swift files in \(trees)")
        return sources
    }

    /// Read once, as every rule wants them.
    private static let everySource = Result {
        let tree = try SourceTree()
        return try ["Sources", "Tests"].flatMap { try tree.files(below: $0) }.filter {
            $0.hasSuffix(".swift")
        }
        .map { SwiftSource(path: $0, text: try tree.text(of: $0)) }
    }

    /// Paths, in the repository, of all regular files below `folder` but hidden and generated ones.
    func files(below folder: String) throws -> [String] {
        let start = root.appending(path: folder)
        let walk = try #require(
            FileManager.default.enumerator(
                at: start,
                includingPropertiesForKeys: [.isRegularFileKey],
                options: [.skipsHiddenFiles]
            )
        )
        var found: [String] = []
        for case let file as URL in walk where !file.pathComponents.contains("__pycache__") {
            guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
                continue
            }
            found.append(String(file.path.dropFirst(root.path.count + 1)))
        }
        return found.sorted()
    }

    func text(of path: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    /// What git tracks, as paths; `nil` where there is no repository, as in an archive.
    ///
    /// Reads the index (version 2 or 3: fixed part of 62 bytes, two more with the extended flag, the path, and
    /// zeros up to a multiple of eight).
    func trackedFiles() throws -> [String]? {
        let file = root.appending(path: ".git/index")
        guard let index = try? Array(Data(contentsOf: file)), index.count > 12 else { return nil }
        func number(_ offset: Int) -> Int { index[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } }
        guard [2, 3].contains(number(4)) else { return nil }
        var offset = 12
        var found: [String] = []
        for _ in 0..<number(8) {
            guard offset + 62 < index.count else { return nil }
            let start = offset + (index[offset + 60] & 0x40 != 0 ? 64 : 62)
            guard let end = index[start...].firstIndex(of: 0) else { return nil }
            found.append(String(decoding: index[start..<end], as: UTF8.self))
            offset += (end - offset + 8) & ~7
        }
        return found
    }
}
