import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

extension DisclosureSequencer {
    /// What an erasure did, before it is published.
    struct Erasure {
        let index: UInt64
        let leaf: ErasureLeaf
        let salt: [UInt8]
    }

    /// Writes the leaf and the row of an operator's look at personal data.
    mutating func record(_ read: OperatorRead, _ connection: Database) throws {
        for text in [read.role, read.scope, read.reason] {
            guard (1...OperatorRead.longestText).contains(text.utf8.count), !text.utf8.contains(0) else {
                throw LedgerError.contradiction(
                    "role, scope and reason of a read have 1 to \(OperatorRead.longestText) bytes, none of them zero"
                )
            }
        }
        let name = CommitmentSecret.randomBytes(16)
        let subject = try read.participant.map { try self.subject($0, connection) }
        let secret = try subject?.secret ?? SaltTable.secret(of: nil, connection)
        let leaf = OperatorReadLeaf(
            id: Hexadecimal.encode(name),
            role: read.role,
            scope: read.scope,
            reason: secret.commitment(to: read.reason, .reason, context: name),
            participant: read.participant.map {
                secret.commitment(to: $0.text, .participant, context: name)
            },
            time: read.time
        )
        let index = try append(.operatorRead(leaf), connection)
        try connection.cachedStatement(
            sql: """
                INSERT INTO operator_read (leaf, id, principal, role, scope, reason, time)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                index, Data(name), subject?.principal, read.role, read.scope, read.reason,
                read.time.nanosecondsSince1970,
            ]
        )
    }

    /// Takes a person out of the ledger, and says so in a leaf; `nil` if nobody called `person` is in it.
    ///
    /// What overwrites does so in place; copies that moving rows may have left are the caller's concern.
    mutating func erase(
        _ person: String,
        at time: WallClockTime,
        _ connection: Database
    ) throws -> Erasure? {
        guard let principal = try PrincipalTable.find(person, connection) else { return nil }
        let secret = try SaltTable.existing(of: principal, connection) ?? .random()
        let name = CommitmentSecret.randomBytes(16)
        let salt = secret.salt(.participant, context: name)
        let extent = try Self.extent(of: principal, connection)
        let leaf = ErasureLeaf(
            id: Hexadecimal.encode(name),
            participant: CommitmentDomain.participant.commitment(to: person, salt: salt),
            disclosures: extent.disclosures,
            entries: extent.entries,
            leaves: extent.leaves,
            time: time
        )
        let index = try append(.erasure(leaf), connection)
        try SaltTable.erase(principal, connection)
        try connection.execute(sql: "DELETE FROM profile WHERE principal = ?", arguments: [principal])
        _ = try PrincipalTable.erase(person, connection)
        try connection.execute(
            sql: "UPDATE operator_read SET reason = NULL WHERE principal = ?",
            arguments: [principal]
        )
        try connection.execute(
            sql: """
                INSERT INTO erasure (leaf, id, principal, disclosures, entries, first, last, time)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                index, Data(name), principal, Int64(extent.disclosures), Int64(extent.entries),
                extent.leaves.map { Int64($0.lowerBound) }, extent.leaves.map { Int64($0.upperBound) },
                time.nanosecondsSince1970,
            ]
        )
        ParticipantID(person).map { forget($0) }
        return Erasure(index: UInt64(index), leaf: leaf, salt: salt)
    }

    private static func extent(
        of principal: Int64,
        _ connection: Database
    ) throws -> (disclosures: UInt64, entries: UInt64, leaves: ClosedRange<UInt64>?) {
        let row = try Row.fetchOne(
            connection,
            sql: """
                SELECT count(DISTINCT disclosure) AS disclosures, count(*) AS entries,
                    min(entry.leaf) AS first, max(entry.leaf) AS last
                FROM disclosure JOIN disclosure_entry AS entry ON entry.disclosure = disclosure.id
                WHERE principal = ?
                """,
            arguments: [principal]
        )
        guard let row, let first = row["first"] as UInt64?, let last = row["last"] as UInt64? else {
            return (0, 0, nil)
        }
        return (row["disclosures"], row["entries"], first...last)
    }
}
