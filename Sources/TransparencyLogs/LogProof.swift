/// The proof that an entry is in a log, to be verified offline: an inclusion proof and the checkpoint that
/// it leads to (C2SP tlog-proof).
package struct LogProof: Sendable, Hashable {
    private static let header = "c2sp.org/tlog-proof@v1"

    /// The leaf's place, from 0.
    package let index: UInt64
    /// The hashes beside its way to the root, lowest first.
    package let hashes: [MerkleHash]
    /// The signed checkpoint's file.
    package let checkpoint: [UInt8]

    package init(_ proof: InclusionProof, checkpoint: [UInt8]) {
        index = proof.index
        hashes = proof.hashes
        self.checkpoint = checkpoint
    }

    /// Reads a proof's file.
    package init(parsing bytes: [UInt8]) throws(NoteError) {
        guard bytes.count <= 2 * SignedNote.longest,
            let text = String(validating: bytes, as: UTF8.self)
        else { throw .malformed("a proof is a short text") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst().map(String.init) == Self.header else {
            throw .malformed("it does not begin with '\(Self.header)'")
        }
        if lines.first?.hasPrefix("extra ") == true {
            guard Base64Text.decode(lines.removeFirst().dropFirst("extra ".count)) != nil else {
                throw .malformed("its extra data is not Base 64")
            }
        }
        guard let line = lines.popFirst(), line.hasPrefix("index "),
            let index = Decimal.parse(line.dropFirst("index ".count))
        else { throw .malformed("it names no index") }
        var hashes: [MerkleHash] = []
        while let line = lines.popFirst(), line != "" {
            guard hashes.count < 63, let hash = Base64Text.decode(line).flatMap({ MerkleHash(bytes: $0) })
            else {
                throw .malformed("its hashes are malformed")
            }
            hashes.append(hash)
        }
        self.index = index
        self.hashes = hashes
        checkpoint = Array(lines.joined(separator: "\n").utf8)
    }

    /// The proof's file, `*.tlog-proof` by convention.
    package var text: String {
        let lines = [Self.header, "index \(index)"] + hashes.map { Base64Text.encode($0.bytes) }
        return lines.joined(separator: "\n") + "\n\n" + String(decoding: checkpoint, as: UTF8.self)
    }

    /// The checkpoint, if `key` signed it and the proof leads from `entry` to its root; else `nil`.
    package func verified(entry: [UInt8], key: VerifierKey) throws(NoteError) -> Checkpoint? {
        let checkpoint = try Checkpoint(verifying: self.checkpoint, with: key)
        let proof = InclusionProof(index: index, size: checkpoint.size, hashes: hashes)
        return proof.proves(.leaf(entry), in: checkpoint.root) ? checkpoint : nil
    }
}
