import GRDB
import Primitives
import TransparencyLogs

/// How the disclosure ledger does: names nobody.
package struct LedgerHealth: Sendable, Hashable {
    /// A signed tree head as it is published.
    package struct Published: Sendable, Hashable {
        package let size: UInt64
        /// The root hash in base64, as the checkpoint has it.
        package let root: String
        /// When it was written; `nil` where that cannot be told.
        package let time: WallClockTime?

        package init(size: UInt64, root: String, time: WallClockTime?) {
            self.size = size
            self.root = root
            self.time = time
        }
    }

    /// Leaves in the ledger, published or not.
    package let leaves: UInt64
    /// `nil` before the first checkpoint.
    package let published: Published?
    /// Intervals of disclosure that have begun and not ended.
    package let openIntervals: Int
    /// Intervals that were found open when this process took up the ledger.
    package let interruptedIntervals: Int
    /// Publications that failed since this process began.
    package let publicationFailures: UInt64
    /// Why the last publication failed, for the operator; `nil` if it did not.
    package let failure: String?

    package init(
        leaves: UInt64,
        published: Published?,
        openIntervals: Int,
        interruptedIntervals: Int,
        publicationFailures: UInt64,
        failure: String?
    ) {
        self.leaves = leaves
        self.published = published
        self.openIntervals = openIntervals
        self.interruptedIntervals = interruptedIntervals
        self.publicationFailures = publicationFailures
        self.failure = failure
    }
}

/// The disclosure ledger as everybody may read it, and how it does.
package protocol PublishedLedger: Sendable {
    /// The key that verifies the published checkpoints; its name is the log's.
    nonisolated var verifierKey: VerifierKey { get }

    /// The published log: `checkpoint`, `verifier-key` and `tile/...`, to be served as they are.
    nonisolated var publishedLog: LogFolder { get }

    /// How the ledger does now.
    func health() async throws(LedgerError) -> LedgerHealth
}

extension SQLiteLedgerStore: PublishedLedger {
    package func health() async throws(LedgerError) -> LedgerHealth {
        let (leaves, open) = try await reader.read("read of the ledger's health") { database in
            let open = try Int.fetchOne(database, sql: "SELECT count(*) FROM open_disclosure")
            return (try LeafTable.size(database), open ?? 0)
        }
        return LedgerHealth(
            leaves: leaves,
            published: published.map { published in
                LedgerHealth.Published(
                    size: published.size,
                    root: Base64Text.encode(published.root.bytes),
                    time: publishedLog.time(of: .checkpoint)
                )
            },
            openIntervals: open,
            interruptedIntervals: interruptedIntervals,
            publicationFailures: statistics.failedPublications,
            failure: publicationFailure.map { "\($0)" }
        )
    }
}
