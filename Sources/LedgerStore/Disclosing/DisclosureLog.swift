import Disclosures
import Primitives

/// The durable account of what was disclosed to whom: append-only, and provable by its Merkle tree.
package protocol DisclosureLog: Sendable {
    /// Makes `entries` durable in their order, and answers once they survive the loss of power.
    ///
    /// Waiting costs nobody but the caller. Entries that the ledger holds already change nothing, so a call
    /// that failed as `unavailable` can be repeated. Throws `contradiction` if an entry cannot follow what
    /// the ledger says of its interval.
    func record(_ entries: [DisclosureEntry]) async throws(LedgerError)

    /// What was found open when this process took up the ledger, as it was ended then; without people who have been
    /// erased since.
    func interruptedDisclosures() async throws(LedgerError) -> [DisclosureEntry]

    /// Makes the record of an operator's look at personal data durable, before the data is shown.
    func record(_ read: OperatorRead) async throws(LedgerError)
}

/// An operator looked at what is held about participants: a disclosure of its own kind.
package struct OperatorRead: Sendable, Hashable {
    /// Most bytes of a text in it: a sentence, and it bounds the row.
    package static let longestText = 512

    /// In what role, by the relay's own list of roles: published as it is.
    package let role: String
    /// What was looked at, by the relay's own words (`accounting`, `breach`): published as it is.
    package let scope: String
    /// Why, in the operator's words: kept in the database, published as a commitment.
    package let reason: String
    /// About whom; `nil` if about nobody in particular.
    package let participant: ParticipantID?
    package let time: WallClockTime

    package init(
        role: String,
        scope: String,
        reason: String,
        participant: ParticipantID?,
        time: WallClockTime
    ) {
        self.role = role
        self.scope = scope
        self.reason = reason
        self.participant = participant
        self.time = time
    }
}
