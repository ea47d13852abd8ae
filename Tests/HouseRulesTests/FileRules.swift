/// Names and lengths of files, and where pointers may stand.
enum FileRules {
    static let longestFile = 700
    /// Under this many lines as a rule; how many files may be longer, and how many of a hundred.
    static let usualLength = 300
    static let longerFilesLimit = 16
    static let longerFilesPercent = 4

    private static let vagueNames: Set<String> = [
        "Utils", "Util", "Utilities", "Helpers", "Helper", "Common", "Manager", "Base", "Core", "Types",
        "Misc",
    ]

    /// Files whose main type is the one job of the target, so that any other name would hide it.
    private static let namedAsTheirTarget: Set<String> = ["Sources/RelayEngine/RelayEngine"]

    static func nameViolations(_ source: SwiftSource) -> [String] {
        var found: [String] = []
        for part in source.name.split(separator: "+") where isVague(String(part)) {
            found.append("\(source.path): '\(part)' says nothing")
        }
        let isExcepted = namedAsTheirTarget.contains("\(source.tree)/\(source.folder)/\(source.stem)")
        if source.stem == source.folder || source.stem == source.target, !isExcepted {
            found.append("\(source.path): repeats the folder's name")
        }
        if source.stem.contains(#/[a-z][0-9]+$/#) { found.append("\(source.path): is numbered") }
        return found
    }

    private static func isVague(_ part: String) -> Bool {
        vagueNames.contains(part)
            || ["Utils", "Utilities", "Helpers", "Helper", "Manager"].contains { part.hasSuffix($0) }
    }

    static func lengthViolations(_ sources: [SwiftSource]) -> [String] {
        var found = sources.filter { $0.lineCount > longestFile }.map { "\($0.path): \($0.lineCount) lines" }
        let longer = sources.filter { $0.lineCount > usualLength }
        if longer.count > max(longerFilesLimit, sources.count * longerFilesPercent / 100) {
            let list = longer.sorted { $0.lineCount > $1.lineCount }.map { "\($0.path) (\($0.lineCount))" }
            found.append(
                "\(longer.count) files of more than \(usualLength) lines: " + list.joined(separator: ", ")
            )
        }
        return found
    }

    /// Where a datagram is decrypted in place: the socket's buffer is handed on as it is, and only looked at as
    /// a span.
    private static let datagramDoors: Set<String> = [
        "RelayEngine/RelayEngine+Feedback", "RelayEngine/RelayEngine+Receiving",
    ]

    /// Where a target of rows 1 to 5 names pointer types outside of a file that says so.
    static func pointerViolations(_ source: SwiftSource) -> [String] {
        guard LayerRules.isPure(source.target), !source.name.hasSuffix("+Unsafe"),
            !datagramDoors.contains("\(source.target)/\(source.name)")
        else { return [] }
        return source.matches(#"\bUnsafe\w*Pointer\b|\bManagedBuffer\b|\bUnmanaged\b"#)
            .map { "\(source.path):\($0): a pointer outside of a +Unsafe file" }
    }

    /// What needs a reason beside it.
    private static let reasoned = [
        #"@unchecked\s+Sendable"#, #"\bnonisolated\s*\(\s*unsafe\s*\)"#, #"\bunsafeBitCast\b"#,
        #"\bunsafeDowncast\b"#,
    ]
    /// How far above the line the reason may begin.
    private static let reasonDistance = 8

    /// Promises to the compiler without the comment that says why they hold.
    static func reasonViolations(_ source: SwiftSource) -> [String] {
        let lines = source.lines
        return reasoned.flatMap { source.matches($0) }.sorted().compactMap { number in
            let nearby = lines[max(0, number - 1 - reasonDistance)..<min(lines.count, number)]
            let isReasoned = nearby.contains { $0.contains("//") && $0.contains("Safe because") }
            return isReasoned ? nil : "\(source.path):\(number): without 'Safe because'"
        }
    }

    /// The six files of a packet's way, in their order.
    static let hotPath = [
        "RelayRuntime/ReceiveLoop", "PeerTransports/DatagramKind", "SRTPProtection/InboundProtection",
        "MediaRings/MediaRing", "Rooms/Forwarder", "RelayRuntime/SendLoop",
    ]

    /// Tags `// Hot path n/6` that are missing, doubled, not first or in the wrong file.
    static func hotPathViolations(_ sources: [SwiftSource]) -> [String] {
        var found: [String] = []
        for (index, place) in hotPath.enumerated() {
            let tag = "// Hot path \(index + 1)/\(hotPath.count)"
            let tagged = sources.filter { $0.lines.first?.hasPrefix(tag) == true }
            if tagged.map({ "\($0.target)/\($0.stem)" }) != [place] {
                found.append("'\(tag)' begins \(tagged.map(\.path)), and not \(place)")
            }
        }
        for source in sources {
            let tags = source.lines.enumerated().filter { $0.element.contains("// Hot path ") }
            let isFirst = tags.count == 1 && tags.first?.offset == 0
            if !tags.isEmpty, !isFirst {
                found.append("\(source.path): a hot-path tag is a file's first line, once")
            }
        }
        return found
    }
}
