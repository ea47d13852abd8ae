/// One Swift file as the rules see it.
struct SwiftSource {
    /// Path in the repository: `Sources/Rooms/Forwarder.swift`.
    let path: String
    let text: String
    /// The text with comments and the insides of string literals blanked, line by line where it was.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        code = CodeOnly.of(text)
    }

    /// A file of `target` made up by a test.
    static func sample(_ target: String, _ name: String, _ text: String) -> SwiftSource {
        SwiftSource(path: "Sources/\(target)/\(name)", text: text)
    }

    /// A file of `target` made up by a test, with a name that breaks no rule.
    static func sample(_ target: String, _ text: String) -> SwiftSource {
        sample(target, "Sample.swift", text)
    }

    private var components: [Substring] { path.split(separator: "/") }
    /// `Sources` or `Tests`.
    var tree: String { components.first.map(String.init) ?? "" }
    /// The target: the folder below `Sources` or `Tests`.
    var target: String { components.dropFirst().first.map(String.init) ?? "" }
    /// The folder that holds the file.
    var folder: String { components.dropLast().last.map(String.init) ?? "" }
    /// The file's name without `.swift`.
    var name: String { components.last.map { String($0.dropLast(".swift".count)) } ?? "" }
    /// The part of the name before the first `+`.
    var stem: String { name.split(separator: "+").first.map(String.init) ?? name }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Lines as an editor counts them: the end of the last line begins no other.
    var lineCount: Int { text.hasSuffix("\n") ? lines.count - 1 : lines.count }

    /// The numbers of the lines of code in which a match of `pattern` begins; matches may span lines.
    func matches(_ pattern: String) -> [Int] { LineSearch(code).matches(pattern) }
}

/// Blanks what is no code, so that a rule about code is not broken by words about it.
private struct CodeOnly {
    private let bytes: [UInt8]
    private var output: [UInt8] = []
    private var index = 0

    static func of(_ text: String) -> String {
        var scanner = CodeOnly(Array(text.utf8))
        scanner.code(untilParenthesis: false)
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        output.reserveCapacity(bytes.count)
    }

    private func starts(with text: StaticString, at place: Int) -> Bool {
        text.withUTF8Buffer { wanted in
            place + wanted.count <= bytes.count && bytes[place..<(place + wanted.count)].elementsEqual(wanted)
        }
    }

    private mutating func keep(_ count: Int = 1) {
        output += bytes[index..<min(index + count, bytes.count)]
        index += count
    }

    private mutating func blank(_ count: Int = 1) {
        for byte in bytes[index..<min(index + count, bytes.count)] {
            output.append(byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
        }
        index += count
    }

    /// Copies code up to the end, or up to the parenthesis that ends an interpolation.
    private mutating func code(untilParenthesis: Bool) {
        var depth = 0
        while index < bytes.count {
            if starts(with: "//", at: index) {
                while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank() }
            } else if starts(with: "/*", at: index) {
                blockComment()
            } else if let hashes = literalStart() {
                literal(hashes: hashes)
            } else {
                if bytes[index] == UInt8(ascii: "(") { depth += 1 }
                if bytes[index] == UInt8(ascii: ")") {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                keep()
            }
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*", at: index) {
                depth += 1
                blank(2)
            } else if starts(with: "*/", at: index) {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && index < bytes.count
    }

    /// The number of `#` before the quote, if a literal starts here.
    private func literalStart() -> Int? {
        var place = index
        while place < bytes.count, bytes[place] == UInt8(ascii: "#") { place += 1 }
        return place < bytes.count && bytes[place] == UInt8(ascii: "\"") ? place - index : nil
    }

    private func hasHashes(_ count: Int, at place: Int) -> Bool {
        place + count <= bytes.count && bytes[place..<(place + count)].allSatisfy { $0 == UInt8(ascii: "#") }
    }

    private mutating func literal(hashes: Int) {
        keep(hashes)
        let quotes = starts(with: "\"\"\"", at: index) ? 3 : 1
        keep(quotes)
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\\"), hasHashes(hashes, at: index + 1) {
                let next = index + 1 + hashes
                if next < bytes.count, bytes[next] == UInt8(ascii: "(") {
                    keep(2 + hashes)
                    code(untilParenthesis: true)
                    keep()
                } else {
                    blank(2 + hashes)
                }
            } else if quotes == 3 ? starts(with: "\"\"\"", at: index) : bytes[index] == UInt8(ascii: "\""),
                hasHashes(hashes, at: index + quotes)
            {
                keep(quotes + hashes)
                return
            } else if quotes == 1, bytes[index] == UInt8(ascii: "\n") {
                return
            } else {
                blank()
            }
        }
    }
}
