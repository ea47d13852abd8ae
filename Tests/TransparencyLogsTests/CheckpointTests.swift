import Testing
import TransparencyLogs

@Suite
struct CheckpointTests {
    private let key: SigningKey
    private let other: SigningKey

    init() throws {
        let name = try #require(KeyName("relay.example/ledger"))
        key = try #require(SigningKey(name: name, seed: [UInt8](repeating: 7, count: 32)))
        other = try #require(SigningKey(name: name, seed: [UInt8](repeating: 8, count: 32)))
    }

    @Test func isReadBackByWhoHasTheKey() throws {
        let checkpoint = Checkpoint(
            origin: key.verifier.name,
            size: 20_852_163,
            root: MerkleHash(sha256Of: [1])
        )
        let file = checkpoint.signed(by: key).bytes
        #expect(try Checkpoint(verifying: file, with: key.verifier) == checkpoint)
        #expect(throws: NoteError.unsigned(other.verifier)) {
            try Checkpoint(verifying: file, with: other.verifier)
        }
    }

    /// The example of C2SP tlog-checkpoint.
    @Test func readsThePublishedExample() throws {
        let checkpoint = try Checkpoint(
            text: "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        )
        #expect(checkpoint.origin == "example.com/behind-the-sofa")
        #expect(checkpoint.size == 20_852_163)
        #expect(checkpoint.root.hexadecimal.hasPrefix("0ac5186a91863e8e1d90c808014aa89b"))
    }

    @Test func aCheckpointOfAnotherLogIsNone() throws {
        let text = "another.example\n0\n\(Base64Text.encode(MerkleHash.emptyTree.bytes))\n"
        let file = SignedNote(signing: text, with: key).bytes
        #expect(throws: NoteError.self) { try Checkpoint(verifying: file, with: key.verifier) }
    }

    @Test func extensionLinesArePassedOver() throws {
        let root = Base64Text.encode(MerkleHash.emptyTree.bytes)
        #expect(try Checkpoint(text: "a\n0\n\(root)\nextra\nlines\n").size == 0)
        #expect(throws: NoteError.self) { try Checkpoint(text: "a\n0\n\(root)\n\nlines\n") }
    }

    @Test(arguments: [
        "", "\n", "\n\n\n", "a\n1\n", "a\n1\n$\n$\n\n", "\n1\n$\n", "a\n\n$\n", "a\n01\n$\n", "a\n+1\n$\n",
        "a\n-1\n$\n", "a\n1 \n$\n", "a\n1e3\n$\n", "a\n9223372036854775808\n$\n",
        "a\n99999999999999999999999\n$\n", "a\n1\n$A\n", "a\n1\nAAAA\n", "a\n1\n$", "a\n0\n$\n",
    ])
    func malformedCheckpointsAreRejected(_ pattern: String) {
        let root = Base64Text.encode(MerkleHash(sha256Of: [1]).bytes)
        let text = pattern.split(separator: "$", omittingEmptySubsequences: false).joined(separator: root)
        #expect(throws: NoteError.self) { try Checkpoint(text: text) }
    }

    @Test func aProofIsVerifiedOffline() throws {
        let stored = StoredTree.random(300, seed: 4)
        let checkpoint = Checkpoint(origin: key.verifier.name, size: 300, root: stored.tree.root)
        let file = checkpoint.signed(by: key).bytes
        let proof = LogProof(stored.reader.inclusionProof(of: 270), checkpoint: file)
        let read = try LogProof(parsing: Array(proof.text.utf8))
        #expect(read == proof)
        #expect(try read.verified(entry: stored.entries[270], key: key.verifier) == checkpoint)
        #expect(try read.verified(entry: stored.entries[271], key: key.verifier) == nil)
        #expect(throws: NoteError.self) {
            try read.verified(entry: stored.entries[270], key: other.verifier)
        }
        let extra = proof.text.replacing("index 270", with: "extra AAAA\nindex 270")
        #expect(try LogProof(parsing: Array(extra.utf8)) == proof)
        for wrong in ["index 0270", "index", "extra A\nindex 270", "indices 270"] {
            let text = proof.text.replacing("index 270", with: wrong)
            #expect(throws: NoteError.self, "\(wrong)") { try LogProof(parsing: Array(text.utf8)) }
        }
    }
}
