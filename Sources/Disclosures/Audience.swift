/// What a disclosure is for (the purposes that a participant can grant).
package enum Purpose: String, Sendable, Hashable, Codable, CaseIterable {
    /// Viewers of the room itself.
    case liveRoom = "live_room"
    /// Viewers of the room on a named third party's site.
    case liveEmbed = "live_embed"
    /// A named recorder of this relay.
    case recording
    /// Re-broadcast by a named server.
    case rebroadcast

    /// Whether a grant of this purpose names its recipient.
    package var namesRecipient: Bool { self != .liveRoom }
}

/// Who receives: one purpose and, for all but the room's own viewers, one named recipient.
package struct Audience: Sendable, Hashable, Codable {
    package let purpose: Purpose
    /// The recipient's name (partner, recorder or destination); `nil` exactly for `live_room`.
    package let recipient: String?

    /// The room's own viewers.
    package static let roomViewers = Audience(unchecked: .liveRoom, recipient: nil)

    /// `nil` if a recipient is missing where the purpose names one, present where it does not, or malformed
    /// (1 to 64 characters of `a-z A-Z 0-9 - _ .`).
    package init?(purpose: Purpose, recipient: String?) {
        guard purpose.namesRecipient == (recipient != nil) else { return nil }
        if let recipient, !Self.isValidRecipient(recipient) { return nil }
        self.init(unchecked: purpose, recipient: recipient)
    }

    private init(unchecked purpose: Purpose, recipient: String?) {
        self.purpose = purpose
        self.recipient = recipient
    }

    private static func isValidRecipient(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F || byte == 0x2E
            }
    }
}

extension Audience: CustomStringConvertible {
    /// The form used in the ledger and the API: `live_room`, `live_embed:partner`.
    package var description: String {
        recipient.map { "\(purpose.rawValue):\($0)" } ?? purpose.rawValue
    }
}
