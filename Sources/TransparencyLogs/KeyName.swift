/// The name of a note's key, by convention a URL without its scheme: `relay.example/ledger`.
package struct KeyName: Sendable, Hashable, CustomStringConvertible {
    /// Most bytes of a name: a host name and a path, and it bounds a note's line.
    package static let longest = 512

    package let text: String

    /// `nil` if `text` is empty or too long, or has spaces, control characters or a plus sign.
    package init?(_ text: some StringProtocol) {
        guard (1...Self.longest).contains(text.utf8.count),
            !text.unicodeScalars.contains(where: {
                $0.properties.isWhitespace || $0 == "+" || $0.value < 0x20
            })
        else { return nil }
        self.text = String(text)
    }

    package var description: String { text }
}
