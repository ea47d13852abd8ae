/// A page of a participant's accounting as JSON, with all that proves it.
package struct AccountingDocument: Sendable, Hashable, Codable {
    package struct Notice: Sendable, Hashable, Codable {
        package var id: String
        package var version: String
        package var sha256: String
    }

    /// A leaf that says so, and the proof that it is in the log.
    package struct Evidence: Sendable, Hashable, Codable {
        /// The leaf's place, from 0.
        package var leaf: UInt64
        /// The leaf's bytes, as text.
        package var statement: String
        /// C2SP tlog-proof; absent while the leaf is not published.
        package var proof: String?
    }

    package struct Disclosure: Sendable, Hashable, Codable {
        package var interval: String
        /// `open`, `closed`, `interrupted` or `refused`.
        package var outcome: String
        /// Of a refusal: the deny reason.
        package var reason: String?
        package var room: String
        package var stream: String
        package var purpose: String
        package var recipientClass: String
        package var recipient: String?
        package var session: String
        package var media: [String]
        package var from: String
        package var until: String
        package var packets: UInt64
        package var bytes: UInt64
        package var epoch: UInt64
        package var grant: UInt64?
        /// `consent` or `legal-demand`; absent from refusals and from what earlier programs wrote.
        package var basis: String?
        package var notice: Notice?
        /// By field: the salts that open the commitments of its leaves, in hexadecimal.
        package var salts: [String: String]
        /// The first leaf and, where it is another, the last.
        package var evidence: [Evidence]
    }

    package struct OperatorRead: Sendable, Hashable, Codable {
        package var time: String
        package var role: String
        package var scope: String
        package var reason: String?
        package var leaf: UInt64
    }

    package var participant: String
    package var disclosures: [Disclosure]
    /// On the first page.
    package var operatorReads: [OperatorRead]
    /// Where the next page begins; absent if there is none.
    package var next: Int64?
    /// The key that verifies the proofs; empty before anything is published.
    package var verifierKey: String
}
