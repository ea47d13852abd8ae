/// Who receives: one purpose, one class of recipients and, where the class tells them apart, one of them by name.
package struct Audience: Sendable, Hashable, Codable {
    package let purpose: Purpose
    package let recipientClass: RecipientClass
    /// The recipient's name (partner, recorder or destination); `nil` exactly where the class has no names.
    package let recipient: String?

    /// The room's own viewers.
    package static let roomViewers = Audience(unchecked: .liveRoom, .roomViewer, recipient: nil)

    /// `nil` if the class does not receive for the purpose, a recipient is missing where the class names them,
    /// present where it does not, or malformed (1 to 64 characters of `a-z A-Z 0-9 - _ .`).
    package init?(purpose: Purpose, recipientClass: RecipientClass? = nil, recipient: String?) {
        let recipientClass = recipientClass ?? purpose.recipientClass
        guard purpose.recipientClasses.contains(recipientClass),
            recipientClass.isNamed == (recipient != nil)
        else { return nil }
        if let recipient, !Self.isValidRecipient(recipient) { return nil }
        self.init(unchecked: purpose, recipientClass, recipient: recipient)
    }

    private init(unchecked purpose: Purpose, _ recipientClass: RecipientClass, recipient: String?) {
        self.purpose = purpose
        self.recipientClass = recipientClass
        self.recipient = recipient
    }

    /// Whether `text` can name a recipient.
    static func isValidRecipient(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                    || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F || byte == 0x2E
            }
    }
}

extension Audience: CustomStringConvertible {
    /// The form used in the ledger and the API: `live_room`, `live_embed:partner`, and with the class where it is
    /// not the purpose's own, `identify/embed_partner:partner`.
    package var description: String {
        let head =
            recipientClass == purpose.recipientClass
            ? purpose.rawValue : "\(purpose.rawValue)/\(recipientClass.rawValue)"
        return recipient.map { "\(head):\($0)" } ?? head
    }
}
