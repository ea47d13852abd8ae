import Testing
import TransparencyLogs

@Suite
struct NoteTests {
    /// The example of C2SP signed-note.
    private static let exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    private static let example = """
        This is an example message.

        \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=

        """

    /// The example of Go's note package, with its private key.
    private static let goSecret =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    private static let goKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private static let goNote = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=

        """

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func verifiesThePublishedExample() throws {
        let key = try #require(VerifierKey(text: Self.exampleKey))
        #expect(key.text == Self.exampleKey)
        let note = try SignedNote(parsing: Self.bytes(Self.example))
        #expect(try note.verified(by: key) == "This is an example message.\n")
        #expect(note.bytes == Self.bytes(Self.example))
    }

    @Test func signsAsOthersDo() throws {
        let key = try #require(SigningKey(text: Self.goSecret))
        #expect(key.verifier.text == Self.goKey)
        #expect(key.secretText == Self.goSecret)
        let text =
            "If you think cryptography is the answer to your problem,\n"
            + "then you don't know what your problem is.\n"
        #expect(SignedNote(signing: text, with: key).bytes == Self.bytes(Self.goNote))
        #expect(!"\(key)".contains("AYEK"))
        #expect(!String(reflecting: key).contains("AYEK"))
    }

    @Test func readsAKeyOfTheWild() throws {
        let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
        #expect(try #require(VerifierKey(text: text)).text == text)
    }

    @Test func aChangedByteOfATextOrASignatureIsFound() throws {
        let key = try #require(VerifierKey(text: Self.exampleKey))
        let original = Self.bytes(Self.example)
        for place in original.indices {
            var changed = original
            changed[place] ^= 0x01
            guard let note = try? SignedNote(parsing: changed) else { continue }
            #expect(throws: NoteError.self, "byte \(place)") { try note.verified(by: key) }
        }
    }

    @Test func signaturesOfOthersCountForNothing() throws {
        let key = try #require(VerifierKey(text: Self.exampleKey))
        let other = try #require(VerifierKey(text: Self.goKey))
        let theirs = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/Sffc\n"
        let both = try SignedNote(parsing: Self.bytes(Self.example + theirs))
        #expect(both.signatures.count == 2)
        #expect(try both.verified(by: key) == "This is an example message.\n")
        #expect(throws: NoteError.badSignature(other)) { try both.verified(by: other) }
        let ours = try SignedNote(parsing: Self.bytes(Self.example))
        #expect(throws: NoteError.unsigned(other)) { try ours.verified(by: other) }
        // A second signature of the same key that does not verify spoils the note.
        let spoilt = "\u{2014} example.com/foo Uw2QOkn8srV1yJGh\n"
        let twice = try SignedNote(parsing: Self.bytes(Self.example + spoilt))
        #expect(throws: NoteError.badSignature(key)) { try twice.verified(by: key) }
    }

    @Test func theTextMayHoldEmptyLines() throws {
        let key = try #require(SigningKey(text: Self.goSecret))
        let text = "one\n\n\u{2014} not a signature\n\ntwo\n"
        let note = try SignedNote(parsing: SignedNote(signing: text, with: key).bytes)
        #expect(try note.verified(by: key.verifier) == text)
    }

    @Test(arguments: [
        "", "\n", "\n\n", "text\n", "text\n\n", "text\n\n\u{2014} a AAAAAAA=", "text\n\n- a AAAAAAA=\n",
        "text\n\n\u{2014} a\n", "text\n\n\u{2014}  a AAAAAAA=\n", "text\n\n\u{2014} a+b AAAAAAA=\n",
        "text\n\n\u{2014} a AAAA\n", "text\n\n\u{2014} a AAAAAA==\n", "text\n\n\u{2014} a AAAAAAB=\n",
        "text\n\n\u{2014} a AAAAAAA\n", "te\txt\n\n\u{2014} a AAAAAAA=\n",
        "text\r\n\n\u{2014} a AAAAAAA=\n", "text\n\n\u{2014} a AAAAAAA=\r\n",
        "text\n\u{2014} a AAAAAAA=\n", "\n\n\u{2014} a AAAAAAA=\n\n",
    ])
    func malformedNotesAreRejected(_ text: String) {
        #expect(throws: NoteError.self) { try SignedNote(parsing: Self.bytes(text)) }
    }

    @Test func oversizedAndUndecodableNotesAreRejected() throws {
        let line = "\u{2014} a AAAAAAA=\n"
        let many = "text\n\n" + String(repeating: line, count: SignedNote.mostSignatures)
        #expect(try SignedNote(parsing: Self.bytes(many)).signatures.count == SignedNote.mostSignatures)
        #expect(throws: NoteError.self) { try SignedNote(parsing: Self.bytes(many + line)) }
        let long = String(repeating: "x", count: SignedNote.longest) + "\n\n" + line
        #expect(throws: NoteError.self) { try SignedNote(parsing: Self.bytes(long)) }
        #expect(throws: NoteError.self) { try SignedNote(parsing: [0xFF, 0x0A, 0x0A] + Self.bytes(line)) }
    }

    @Test(arguments: [
        "", "a", "a+b", "a+b+c", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k ",
        "example com+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ])
    func malformedKeysAreRejected(_ text: String) {
        #expect(VerifierKey(text: text) == nil)
        #expect(SigningKey(text: "PRIVATE+KEY+" + text) == nil)
        #expect(SigningKey(text: text) == nil)
    }

    @Test func base64HasOneSpelling() {
        let pairs: [(String, String)] = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
        for (plain, encoded) in pairs {
            #expect(Base64Text.encode(Array(plain.utf8)) == encoded)
            #expect(Base64Text.decode(encoded) == Array(plain.utf8))
        }
        for wrong in ["Zg", "Zg=", "Zh==", "Zm9=", "=", "====", "Zg==Zg==", "Zm9v\n", "Zm-v", "Z=g="] {
            #expect(Base64Text.decode(wrong) == nil, "\(wrong)")
        }
    }
}
