import Disclosures
import Primitives
import TransparencyLogs

extension SQLiteLedgerStore {
    /// Most intervals of one page of an accounting.
    package static let longestPage = 1000

    /// What was disclosed of `participant`, a page of at most `limit` intervals behind row `after`.
    package func accounting(
        of participant: ParticipantID,
        after: Int64 = 0,
        limit: Int = SQLiteLedgerStore.longestPage
    ) async throws(LedgerError) -> DisclosureAccounting {
        try await reader.read("accounting") { database in
            try AccountingQuery.accounting(
                of: participant,
                after: after,
                limit: min(limit, Self.longestPage),
                database
            )
        }
    }

    /// The same as a document to hand out, with proofs as far as it is published.
    package func accountingDocument(
        of participant: ParticipantID,
        after: Int64 = 0,
        limit: Int = SQLiteLedgerStore.longestPage
    ) async throws(LedgerError) -> AccountingDocument {
        let published = await publisher.published
        return try await reader.read("accounting") { database in
            try AccountingQuery.document(
                of: participant,
                after: after,
                limit: min(limit, Self.longestPage),
                published: published,
                database
            )
        }
    }

    /// What operators looked at about `participant`, oldest first.
    package func operatorReads(
        of participant: ParticipantID
    ) async throws(LedgerError) -> [OperatorReadAccount] {
        try await reader.read("operators' reads") { try AccountingQuery.reads(of: participant, $0) }
    }

    package func interruptedDisclosures() async throws(LedgerError) -> [DisclosureEntry] {
        let leaves = interruptedLeaves
        return try await reader.read("interrupted intervals") { try AccountingQuery.ends(in: leaves, $0) }
    }

    /// Who is affected by a breach at the recipients of `filter`.
    package func breach(_ filter: BreachFilter) async throws(LedgerError) -> BreachReport {
        try await reader.read("breach query") { try BreachQuery.run(filter, $0) }
    }

    /// The same, the lines after `offset`, at most `limit`.
    package func breach(
        _ filter: BreachFilter,
        offset: Int,
        limit: Int
    ) async throws(LedgerError) -> BreachReport {
        try await reader.read("breach query") {
            try BreachQuery.run(filter, offset: offset, limit: limit, $0)
        }
    }

    /// Counts of the intervals that ended in `span` of those who agreed to be counted; lines about fewer than
    /// `crowd` of them are left out.
    package func disclosureStatistics(
        _ span: Range<WallClockTime>,
        of participants: Set<ParticipantID>,
        crowd: Int
    ) async throws(LedgerError) -> DisclosureStatistics {
        try await reader.read("statistics") {
            try StatisticsQuery.run(span, of: participants, crowd: crowd, $0)
        }
    }

    package func statistics(
        of month: CalendarMonth,
        crowd: Int,
        now: WallClockTime
    ) async throws(LedgerError) -> DisclosureStatistics {
        guard month.span.upperBound <= now else { throw .contradiction("\(month.text) is not over") }
        let (made, isKept) = try await reader.read("statistics") { database in
            if let kept = try StatisticsTable.fetch(month, database) { return (kept, true) }
            let counted = try CountingConsent.counted(now: now, database)
            return (try StatisticsQuery.run(month.span, of: counted, crowd: crowd, database), false)
        }
        return isKept ? made : try await connection.keep(made, month, at: now)
    }

    /// Leaf `index` and the proof that it is in the published log; `nil` while it is not published.
    package func proof(of index: UInt64) async throws(LedgerError) -> LogProof? {
        try await publisher.proof(of: index)
    }

    /// The bytes of leaf `index`; `nil` if there is none.
    package func leaf(_ index: UInt64) async throws(LedgerError) -> [UInt8]? {
        guard index < UInt64(Int64.max) else { return nil }
        return try await reader.read("leaf") { database in
            guard try LeafTable.size(database) > index else { return nil }
            return try LeafTable.leaves(index..<index + 1, database).first
        }
    }

    /// Leaves in the ledger, published or not.
    package func leafCount() async throws(LedgerError) -> UInt64 {
        try await reader.read("count of leaves") { try LeafTable.size($0) }
    }

    /// The signed checkpoint that is published; `nil` before the first.
    package func publishedCheckpoint() async -> Checkpoint? { await publisher.published?.checkpoint }
}
