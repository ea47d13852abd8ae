import Foundation

/// Finds patterns in a text and says in which lines they begin.
struct LineSearch {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// The numbers (from 1) of the lines in which a match of `pattern` begins; matches may span lines.
    ///
    /// A pattern that cannot be read matches line 0, so that a rule never holds by mistake.
    func matches(_ pattern: String) -> [Int] {
        guard let expression = try? NSRegularExpression(pattern: pattern, options: .anchorsMatchLines) else {
            return [0]
        }
        let found = expression.matches(in: text, range: NSRange(location: 0, length: text.utf16.count))
        guard !found.isEmpty else { return [] }
        let units = Array(text.utf16)
        return found.map { match in units[..<match.range.location].count { $0 == 10 } + 1 }
    }
}
