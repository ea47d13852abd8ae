/// What is wrong with a note or a checkpoint.
package enum NoteError: Error, Sendable, Hashable {
    /// It is not of the form that the standard prescribes. Says what is not.
    case malformed(String)
    /// No signature of the key that is trusted stands under it.
    case unsigned(VerifierKey)
    /// A signature of the key that is trusted stands under it and is not over this text.
    case badSignature(VerifierKey)
}

/// A text with signatures under it (C2SP signed-note).
///
/// The text means nothing before `verified(by:)`.
package struct SignedNote: Sendable, Hashable {
    /// A line under the text: who signed, and what.
    package struct Signature: Sendable, Hashable {
        package let name: KeyName
        package let keyID: UInt32
        package let bytes: [UInt8]
    }

    /// Most bytes of a note: a checkpoint with the sixteen largest signatures that verifiers have to accept.
    package static let longest = 128 * 1024
    /// Most signatures of a note.
    package static let mostSignatures = 64

    /// Ends with a newline.
    package let text: String
    package let signatures: [Signature]

    /// Signs `text`, which ends with a newline and has no other control characters.
    package init(signing text: String, with key: SigningKey) {
        precondition(text.hasSuffix("\n") && Self.hasOnlyNewlines(text), "this text cannot be a note")
        self.text = text
        signatures = [
            Signature(
                name: key.verifier.name,
                keyID: key.verifier.id,
                bytes: key.signature(over: Array(text.utf8))
            )
        ]
    }

    /// Reads a note; its signatures are not verified by that.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= Self.longest else {
            throw .malformed("\(bytes.count) bytes are more than \(Self.longest)")
        }
        guard let note = String(validating: bytes, as: UTF8.self) else { throw .malformed("it is not UTF-8") }
        guard Self.hasOnlyNewlines(note) else { throw .malformed("it holds control characters") }
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
        // The last newline leaves one empty piece behind it, which is no empty line.
        guard lines.count >= 4, lines.last == "" else { throw .malformed("it does not end with a newline") }
        guard let blank = lines.dropLast().lastIndex(of: ""), blank > 0 else {
            throw .malformed("no empty line stands between text and signatures")
        }
        let under = lines[(blank + 1)...].dropLast()
        guard (1...Self.mostSignatures).contains(under.count) else {
            throw .malformed("it has \(under.count) signatures; 1 to \(Self.mostSignatures) are read")
        }
        var signatures: [Signature] = []
        for line in under { signatures.append(try Self.signature(line)) }
        text = lines[..<blank].joined(separator: "\n") + "\n"
        self.signatures = signatures
    }

    /// The note as a file.
    package var bytes: [UInt8] {
        var note = text + "\n"
        for signature in signatures {
            let id = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: signature.keyID >> $0) }
            note += "\u{2014} \(signature.name) \(Base64Text.encode(id + signature.bytes))\n"
        }
        return Array(note.utf8)
    }

    /// The text, if `key` signed it; other keys' signatures count for nothing.
    package func verified(by key: VerifierKey) throws(NoteError) -> String {
        let ours = signatures.filter { $0.name == key.name && $0.keyID == key.id }
        guard !ours.isEmpty else { throw .unsigned(key) }
        guard ours.allSatisfy({ key.verifies($0.bytes, over: Array(text.utf8)) }) else {
            throw .badSignature(key)
        }
        return text
    }

    private static func signature(_ line: Substring) throws(NoteError) -> Signature {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "\u{2014}", let name = KeyName(parts[1]),
            let bytes = Base64Text.decode(parts[2]), bytes.count > 4
        else { throw .malformed("a signature line is malformed") }
        let id = bytes.prefix(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        return Signature(name: name, keyID: id, bytes: Array(bytes.dropFirst(4)))
    }

    /// Compared byte by byte: a carriage return and a newline would be one `Character`.
    private static func hasOnlyNewlines(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0A }
    }
}
