/// The rows of targets, bottom up, and what each target may import.
enum LayerRules {
    /// A target's row, and the rows it may import from.
    struct Layer {
        let row: Int
        let mayImport: ClosedRange<Int>?
    }

    /// The table of the architecture, in which a target imports only from rows above it.
    static let layers: [String: Layer] = [
        "COpenSSL": Layer(row: 0, mayImport: nil),
        "COpus": Layer(row: 0, mayImport: nil),
        "CVPX": Layer(row: 0, mayImport: nil),
        "COpenH264": Layer(row: 0, mayImport: nil),
        "CMultiBuffer": Layer(row: 0, mayImport: nil),
        "CLinuxNet": Layer(row: 0, mayImport: nil),
        "CMatroska": Layer(row: 0, mayImport: nil),
        "Primitives": Layer(row: 1, mayImport: nil),
        "RTPPackets": Layer(row: 2, mayImport: 1...1),
        "SessionDescriptions": Layer(row: 2, mayImport: 1...1),
        "Disclosures": Layer(row: 2, mayImport: 1...1),
        "ICELite": Layer(row: 3, mayImport: 0...1),
        "DTLSHandshakes": Layer(row: 3, mayImport: 0...1),
        "SRTPProtection": Layer(row: 3, mayImport: 0...2),
        "MediaRings": Layer(row: 3, mayImport: 1...2),
        "ConsentAuthority": Layer(row: 3, mayImport: 1...2),
        "TransparencyLogs": Layer(row: 3, mayImport: 1...2),
        "PeerTransports": Layer(row: 4, mayImport: 1...3),
        "Rooms": Layer(row: 4, mayImport: 1...3),
        "RelayEngine": Layer(row: 5, mayImport: 1...4),
        "MediaCodecs": Layer(row: 5, mayImport: 0...2),
        "LedgerStore": Layer(row: 6, mayImport: 0...3),
        "ConsentReceipts": Layer(row: 6, mayImport: 1...1),
        "SlateMedia": Layer(row: 6, mayImport: 0...5),
        "MediaContainers": Layer(row: 6, mayImport: 0...5),
        "Webhooks": Layer(row: 6, mayImport: 0...5),
        "Partners": Layer(row: 6, mayImport: 1...2),
        "Recordings": Layer(row: 6, mayImport: 1...1),
        "RelayRuntime": Layer(row: 6, mayImport: 0...5),
        "RoomControl": Layer(row: 7, mayImport: 1...6),
        "LoadTesting": Layer(row: 7, mayImport: 0...6),
        "RelayHTTP": Layer(row: 8, mayImport: 1...7),
        "tally": Layer(row: 9, mayImport: 1...8),
    ]

    /// Rows whose targets take time, randomness and bytes as arguments.
    static let pureRows = 1...5

    /// What rows 1 to 5 may import beside targets of this package: it reads no clock and does no input or output.
    ///
    /// `Crypto` can draw keys, so they come in as bytes.
    private static let pureModules: Set<String> = ["Synchronization", "Crypto"]

    static func isPure(_ target: String) -> Bool { layers[target].map { pureRows.contains($0.row) } ?? false }

    /// Imports against the rows, and imports that the manifest does not declare.
    static func importViolations(_ source: SwiftSource, declared: [String: Set<String>]) -> [String] {
        guard let layer = layers[source.target] else {
            return ["\(source.path): \(source.target) has no row"]
        }
        return importedModules(source).compactMap { module in
            if let other = layers[module] {
                guard layer.mayImport?.contains(other.row) == true, other.row < layer.row else {
                    return "\(source.path): row \(layer.row) imports \(module) of row \(other.row)"
                }
                guard declared[source.target]?.contains(module) == true else {
                    return "\(source.path): imports \(module), which Package.swift does not declare"
                }
            } else if pureRows.contains(layer.row), !pureModules.contains(module) {
                return "\(source.path): row \(layer.row) imports \(module)"
            }
            return nil
        }
    }

    /// Modules that a file imports, whatever stands before or behind the word.
    static func importedModules(_ source: SwiftSource) -> [String] {
        source.codeLines.compactMap { line in
            var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            while let first = words.first, first.hasPrefix("@") || accessLevels.contains(first) {
                words.removeFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
            ]
            let path = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return path.split(whereSeparator: { $0 == "." || $0 == ";" }).first.map(String.init)
        }
    }

    private static let accessLevels: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private",
    ]

    /// Names of clocks, sleeping and the system's randomness.
    private static let impureNames = [
        #"\bclock_gettime\b"#, #"\bgettimeofday\b"#, #"\b(Continuous|Suspending|UTC)Clock\b"#,
        #"\bDate\s*\(\s*\)"#,
        #"\bDate\.now\b"#, #"\bDispatch(Time|WallTime|Queue)\b"#, #"\bTask\s*\.\s*sleep\b"#,
        #"(?<![.\w])(u|nano)?sleep\s*\("#, #"\bTimer\b"#, #"\bSystemRandomNumberGenerator\b"#,
        #"\bgetrandom\b"#,
        #"\barc4random"#, #"\bUUID\s*\(\s*\)"#,
        #"\.random\s*\((?![^()]*(\([^()]*\)[^()]*)*\busing\s*:)"#,
        #"\.(shuffled|shuffle|randomElement)\s*\(\s*\)"#,
    ]

    /// Clocks and randomness that rows 1 to 5 name.
    static func purityViolations(_ source: SwiftSource) -> [String] {
        guard isPure(source.target) else { return [] }
        return impureNames.flatMap { name in
            source.matches(name).map { "\(source.path):\($0): a clock or the system's randomness: \(name)" }
        }
    }

    /// What the manifest declares: per target its dependencies among the targets of this package.
    static func declaredDependencies(_ manifest: SwiftSource) -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        // The names are inside string literals, so this reads the text and not the code.
        let calls = #/\b(?:module|\.executableTarget)\s*\(/#
        for match in manifest.text.matches(of: calls) {
            var depth = 1
            let rest = manifest.text[match.range.upperBound...].prefix { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return depth > 0
            }
            let strings = rest.matches(of: #/"([^"]*)"/#).map { String($0.1) }
            guard let target = strings.first, layers[target] != nil else { continue }
            found[target] = Set(strings.dropFirst().filter { layers[$0] != nil })
            if rest.contains("multiBufferDependency") { found[target]?.insert("CMultiBuffer") }
        }
        return found
    }
}
