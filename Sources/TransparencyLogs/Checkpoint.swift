/// The state of a log that its key has signed: how many leaves, and their root (C2SP tlog-checkpoint).
package struct Checkpoint: Sendable, Hashable {
    /// Which log; by convention the name of its key.
    package let origin: String
    /// Leaves of the tree.
    package let size: UInt64
    package let root: MerkleHash

    /// A checkpoint of the log whose key is called `origin`.
    package init(origin: KeyName, size: UInt64, root: MerkleHash) {
        self.origin = origin.text
        self.size = size
        self.root = root
    }

    /// Reads a checkpoint's file and verifies that `key` signed it, and that it is of the log of that name.
    package init(verifying bytes: [UInt8], with key: VerifierKey) throws(NoteError) {
        let note = try SignedNote(parsing: bytes)
        try self.init(text: try note.verified(by: key))
        guard origin == key.name.text else {
            throw .malformed("its origin is '\(origin)', and the key is of '\(key.name)'")
        }
    }

    /// Reads a note's text; extension lines are passed over.
    package init(text: String) throws(NoteError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", !lines.dropLast().contains("") else {
            throw .malformed("a checkpoint has three lines or more, and none of them empty")
        }
        guard let size = Decimal.parse(lines[1]), size < 1 << 63 else {
            throw .malformed("'\(lines[1].prefix(32))' is no tree size")
        }
        guard let bytes = Base64Text.decode(lines[2]), let root = MerkleHash(bytes: bytes) else {
            throw .malformed("'\(lines[2].prefix(64))' is no root hash")
        }
        guard size > 0 || root == .emptyTree else {
            throw .malformed("a tree without leaves has another root hash")
        }
        origin = String(lines[0])
        self.size = size
        self.root = root
    }

    /// The note's text.
    package var text: String { "\(origin)\n\(size)\n\(Base64Text.encode(root.bytes))\n" }

    /// The signed file.
    package func signed(by key: SigningKey) -> SignedNote { SignedNote(signing: text, with: key) }
}
