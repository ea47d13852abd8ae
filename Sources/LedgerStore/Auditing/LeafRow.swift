import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

/// A leaf with everything that the database says of it.
struct LeafRow {
    /// Why a row and its leaf are not the same.
    struct Mismatch: Error {
        let reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    private static let selection = """
        SELECT leaf.idx, leaf.bytes AS leaf_bytes, opened.bytes AS opened_bytes,
            entry.kind, entry.packets, entry.bytes, disclosure.leaf AS first_leaf, disclosure.interval,
            disclosure.stream, disclosure.purpose, disclosure.recipient_class, disclosure.recipient,
            disclosure.session, disclosure.media, disclosure.basis, disclosure.epoch, disclosure.grant_sequence,
            disclosure.notice_sha256, disclosure.began, disclosure.reason AS deny_reason,
            room.name AS room_name, principal.participant, salt.secret,
            coalesce(entry.time, operator_read.time, erasure.time) AS time,
            coalesce(operator_read.id, erasure.id) AS id,
            operator_read.leaf AS read_leaf, operator_read.role, operator_read.scope, operator_read.reason,
            operator_read.principal AS read_principal,
            erasure.leaf AS erasure_leaf, erasure.disclosures, erasure.entries, erasure.first, erasure.last
        FROM leaf
        LEFT JOIN disclosure_entry AS entry ON entry.leaf = leaf.idx
        LEFT JOIN disclosure ON disclosure.id = entry.disclosure
        LEFT JOIN leaf AS opened ON opened.idx = disclosure.leaf
        LEFT JOIN room ON room.id = disclosure.room
        LEFT JOIN operator_read ON operator_read.leaf = leaf.idx
        LEFT JOIN erasure ON erasure.leaf = leaf.idx
        LEFT JOIN principal ON principal.id =
            coalesce(disclosure.principal, operator_read.principal, erasure.principal)
        LEFT JOIN salt ON salt.principal IS
            coalesce(disclosure.principal, operator_read.principal, erasure.principal)
        WHERE leaf.idx >= ? AND leaf.idx < ? ORDER BY leaf.idx
        """

    let index: UInt64
    let bytes: [UInt8]
    private let row: Row

    /// The leaves of `range` that there are, in their order.
    static func fetch(_ range: Range<UInt64>, _ connection: Database) throws -> [LeafRow] {
        try Row.fetchAll(
            connection.cachedStatement(sql: selection),
            arguments: [Int64(range.lowerBound), Int64(range.upperBound)]
        ).map { LeafRow(index: $0["idx"], bytes: [UInt8]($0["leaf_bytes"] as Data), row: $0) }
    }

    /// Whether its participant has been erased; throws if that was done by halves.
    var isErased: Bool {
        get throws {
            guard row["interval"] != nil || row["read_principal"] != nil else { return false }
            let isNameless = row["participant"] as String? == nil
            guard isNameless == (secret == nil) else {
                throw Mismatch("its participant has been erased by halves")
            }
            return isNameless
        }
    }

    /// The secret of its participant, if there is one still.
    private var secret: CommitmentSecret? {
        guard let bytes = (row["secret"] as Data?).map({ [UInt8]($0) }), bytes != CommitmentSecret.erased
        else { return nil }
        return CommitmentSecret(bytes: bytes)
    }

    private var time: WallClockTime {
        get throws {
            guard let time = row["time"] as Int64? else { throw Mismatch("it has no row") }
            return WallClockTime(nanosecondsSince1970: time)
        }
    }

    /// The leaf that the rows say.
    func leaf() throws -> LedgerLeaf {
        if row["interval"] != nil { return try disclosureLeaf().ledgerLeaf }
        if row["read_leaf"] != nil { return .operatorRead(try operatorReadLeaf()) }
        if row["erasure_leaf"] != nil { return .erasure(try erasureLeaf()) }
        throw Mismatch("it has no row")
    }

    private func disclosureLeaf() throws -> DisclosureLeaf {
        let name = [UInt8](row["interval"] as Data)
        guard let kind = DisclosureEntry.Kind(word: row["kind"], reason: row["deny_reason"]) else {
            throw Mismatch("the kind of its row is unknown")
        }
        let begins = kind == .opened || kind.denyReason != nil
        guard begins == (row["first_leaf"] as UInt64 == index) else {
            throw Mismatch("its row says that another leaf began the interval")
        }
        // Without the secret the leaf that began the interval is what there is to compare with.
        let kept = PublishedCommitments(leaf: [UInt8](row["opened_bytes"] as Data))
        func commitment(
            _ domain: CommitmentDomain,
            _ value: String?,
            _ kept: MerkleHash?
        ) throws -> MerkleHash {
            if let secret, let value { return secret.commitment(to: value, domain, context: name) }
            guard let kept else { throw Mismatch("the leaf that began its interval cannot be read") }
            return kept
        }
        let recipient = row["recipient"] as String?
        return DisclosureLeaf(
            kind: kind,
            interval: Hexadecimal.encode(name),
            participant: try commitment(.participant, row["participant"], kept?.participant),
            room: try commitment(.room, row["room_name"], kept?.room),
            stream: try commitment(.stream, row["stream"], kept?.stream),
            session: try commitment(.session, row["session"], kept?.session),
            recipient: try recipient.map { try commitment(.recipient, $0, kept?.recipient) },
            recipientClass: row["recipient_class"],
            purpose: row["purpose"],
            media: DisclosureRow.media(row["media"]),
            basis: row["basis"],
            epoch: row["epoch"],
            grant: row["grant_sequence"],
            notice: row["notice_sha256"],
            from: WallClockTime(nanosecondsSince1970: row["began"]),
            time: try time,
            packets: row["packets"],
            bytesSent: row["bytes"]
        )
    }

    private func operatorReadLeaf() throws -> OperatorReadLeaf {
        let name = [UInt8](row["id"] as Data)
        let kept = PublishedCommitments(leaf: bytes)
        func commitment(_ domain: CommitmentDomain, _ value: String?, _ kept: MerkleHash?) -> MerkleHash? {
            guard let secret else { return kept }
            return value.map { secret.commitment(to: $0, domain, context: name) }
        }
        let isOfSomebody = row["read_principal"] != nil
        guard let reason = commitment(.reason, row["reason"], kept?.reason) else {
            throw Mismatch("the reason of an operator's read is missing")
        }
        return OperatorReadLeaf(
            id: Hexadecimal.encode(name),
            role: row["role"],
            scope: row["scope"],
            reason: reason,
            participant: isOfSomebody
                ? commitment(.participant, row["participant"], kept?.participant) : nil,
            time: try time
        )
    }

    private func erasureLeaf() throws -> ErasureLeaf {
        guard let participant = PublishedCommitments(leaf: bytes)?.participant else {
            throw Mismatch("it cannot be read")
        }
        var leaves: ClosedRange<UInt64>?
        if let first = row["first"] as UInt64?, let last = row["last"] as UInt64?, first <= last {
            leaves = first...last
        }
        guard row["participant"] as String? == nil, secret == nil else {
            throw Mismatch("it says that a participant was erased who is still there")
        }
        return ErasureLeaf(
            id: Hexadecimal.encode(row["id"] as Data),
            participant: participant,
            disclosures: row["disclosures"],
            entries: row["entries"],
            leaves: leaves,
            time: try time
        )
    }
}
