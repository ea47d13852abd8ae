/// What a participant is called, and what else of themselves they let others see.
package struct ParticipantProfile: Sendable, Hashable, Codable {
    /// More than a name tag has.
    package static let maximumFields = 16
    /// Most bytes of a field's name: `full_name`, `pronouns`, `location`.
    package static let longestName = 32
    /// Most characters of a field: a line on a name tag.
    package static let longestField = 128

    /// The screen name in the place of the one in the token; `nil` for the token's.
    package var displayName: String?
    /// Shown only where a grant for `identify` stands.
    package var fields: [String: String]

    package init(displayName: String? = nil, fields: [String: String] = [:]) {
        self.displayName = displayName
        self.fields = fields
    }

    /// Whether `text` can name a field: `a-z 0-9 _`, beginning with a letter.
    package static func isFieldName(_ text: String) -> Bool {
        guard (1...longestName).contains(text.utf8.count), let first = text.utf8.first,
            (0x61...0x7A).contains(first)
        else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
    }
}
