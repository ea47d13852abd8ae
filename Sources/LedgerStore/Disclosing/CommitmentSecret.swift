import Crypto
import Foundation
import TransparencyLogs

/// The secret that the salts of one participant's leaves are derived from; without it no leaf leads to
/// anybody.
struct CommitmentSecret: Sendable, Hashable {
    static let byteCount = 32

    /// What stands in the database in the place of a secret that was erased.
    static let erased = [UInt8](repeating: 0, count: byteCount)

    let bytes: [UInt8]

    static func random() -> CommitmentSecret {
        CommitmentSecret(bytes: randomBytes(byteCount))
    }

    static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The salt of one field of the leaves called `context`; it may be shown to prove that field alone.
    func salt(_ domain: CommitmentDomain, context: [UInt8]) -> [UInt8] {
        Array(
            HMAC<SHA256>.authenticationCode(
                for: context + Array(domain.rawValue.utf8),
                using: SymmetricKey(data: bytes)
            )
        )
    }

    /// The commitment to `value` that a leaf called `context` publishes.
    func commitment(to value: String, _ domain: CommitmentDomain, context: [UInt8]) -> MerkleHash {
        domain.commitment(to: value, salt: salt(domain, context: context))
    }
}

/// The fields of leaves that are published as commitments.
package enum CommitmentDomain: String, Sendable, Hashable, CaseIterable {
    case participant
    case room
    case stream
    case recipient
    case session
    case reason

    /// SHA-256 over salt, the domain's name, a zero byte and `value`.
    package func commitment(to value: String, salt: [UInt8]) -> MerkleHash {
        MerkleHash(sha256Of: salt + Array(rawValue.utf8) + [0] + Array(value.utf8))
    }
}
