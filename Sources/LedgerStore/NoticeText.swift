import Crypto
import GRDB

/// The words of one version of a notice, kept under their digest.
package struct NoticeText: Sendable, Hashable {
    /// SHA-256 of the text in UTF-8, in lowercase hexadecimal.
    package let sha256: String
    /// Language of the text (BCP 47).
    package let language: String
    package let text: String

    package init(language: String, text: String) {
        self.language = language
        self.text = text
        sha256 = Self.digest(text)
    }

    private static func digest(_ text: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = SHA256.hash(data: Array(text.utf8)).flatMap { byte in
            [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Stores the text unless it is there; the language of the first one stands.
    func insert(_ connection: Database) throws {
        try connection.execute(
            sql: "INSERT INTO notice_text (sha256, language, text) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [sha256, language, text]
        )
    }

    /// The text of that digest; throws `unusable` if it is not what was stored.
    static func fetch(sha256: String, _ connection: Database) throws -> NoticeText? {
        let row = try Row.fetchOne(
            connection,
            sql: "SELECT language, text FROM notice_text WHERE sha256 = ?",
            arguments: [sha256]
        )
        guard let row else { return nil }
        let stored = NoticeText(language: row["language"], text: row["text"])
        guard stored.sha256 == sha256 else {
            throw LedgerError.unusable("the text of notice \(sha256) was changed behind our back")
        }
        return stored
    }
}
