import Primitives

/// What an erasure did, for the person concerned: it names nobody, and its holder can prove all of it.
package struct ErasureCertificate: Sendable, Hashable, Codable {
    /// When it was done (RFC 3339).
    package let time: String
    /// Intervals that lead to nobody any more.
    package let disclosures: UInt64
    /// Their leaves.
    package let entries: UInt64
    /// The first and the last of those leaves; absent if there was none.
    package let firstLeaf: UInt64?
    package let lastLeaf: UInt64?
    /// The place of the leaf that says so.
    package let leaf: UInt64
    /// That leaf's bytes, as text.
    package let statement: String
    /// The salt that opens the leaf's commitment to the participant, in hexadecimal.
    package let salt: String
    /// The proof that the leaf is in the log, with its signed checkpoint (C2SP tlog-proof); absent where it
    /// could not be published yet.
    package internal(set) var proof: String?
    /// The key that verifies the proof.
    package let verifierKey: String
}
