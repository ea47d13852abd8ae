import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

/// Reads what was disclosed of one participant, or in a span of time.
enum AccountingQuery {
    private static let selection = """
        SELECT disclosure.*, room.name AS room_name, principal.participant,
            last.leaf AS last_leaf, last.kind, last.time AS last_time, last.packets, last.bytes
        FROM disclosure
        JOIN room ON room.id = disclosure.room
        JOIN principal ON principal.id = disclosure.principal
        JOIN disclosure_entry AS last ON last.leaf =
            (SELECT max(leaf) FROM disclosure_entry WHERE disclosure = disclosure.id)
        """

    /// The intervals of `participant` behind row `after`, at most `limit`.
    static func accounting(
        of participant: ParticipantID,
        after: Int64,
        limit: Int,
        _ connection: Database
    ) throws -> DisclosureAccounting {
        let none = DisclosureAccounting(participant: participant, disclosures: [], next: nil)
        guard limit > 0, let principal = try PrincipalTable.find(participant.text, connection) else {
            return none
        }
        let secret = try SaltTable.existing(of: principal, connection)
        let rows = try Row.fetchCursor(
            connection,
            sql:
                selection
                + " WHERE disclosure.principal = ? AND disclosure.id > ? ORDER BY disclosure.id LIMIT ?",
            arguments: [principal, after, limit]
        )
        var found: [DisclosureAccount] = []
        while let row = try rows.next() {
            guard let account = try account(row, participant, secret) else {
                throw LedgerError.unusable("row \(row["id"] as Int64) of the disclosures cannot be read")
            }
            found.append(account)
        }
        return DisclosureAccounting(
            participant: participant,
            disclosures: found,
            next: found.count == limit ? found.last?.number : nil
        )
    }

    /// What operators looked at about `participant`, oldest first.
    static func reads(of participant: ParticipantID, _ connection: Database) throws -> [OperatorReadAccount] {
        guard let principal = try PrincipalTable.find(participant.text, connection) else { return [] }
        return try Row.fetchAll(
            connection,
            sql: "SELECT * FROM operator_read WHERE principal = ? ORDER BY leaf",
            arguments: [principal]
        ).map { row in
            OperatorReadAccount(
                leaf: row["leaf"],
                time: WallClockTime(nanosecondsSince1970: row["time"]),
                role: row["role"],
                scope: row["scope"],
                reason: row["reason"]
            )
        }
    }

    /// The ends of intervals that the leaves of `range` say, of people who are known still.
    static func ends(in range: Range<UInt64>, _ connection: Database) throws -> [DisclosureEntry] {
        try Row.fetchAll(
            connection,
            sql: selection + " WHERE last.leaf >= ? AND last.leaf < ? ORDER BY last.leaf",
            arguments: [Int64(range.lowerBound), Int64(range.upperBound)]
        ).compactMap { row in
            guard let participant = (row["participant"] as String?).flatMap({ ParticipantID($0) }),
                let interval = interval(row, participant),
                let kind = DisclosureEntry.Kind(word: row["kind"], reason: row["reason"])
            else { return nil }
            return DisclosureEntry(
                interval: interval,
                kind: kind,
                from: WallClockTime(nanosecondsSince1970: row["began"]),
                time: WallClockTime(nanosecondsSince1970: row["last_time"]),
                packets: row["packets"],
                bytes: row["bytes"]
            )
        }
    }

    private static func account(
        _ row: Row,
        _ participant: ParticipantID,
        _ secret: CommitmentSecret?
    ) throws -> DisclosureAccount? {
        let name = [UInt8](row["interval"] as Data)
        guard let interval = interval(row, participant),
            let kind = DisclosureEntry.Kind(word: row["kind"], reason: row["reason"])
        else { return nil }
        let first = row["leaf"] as UInt64
        let last = row["last_leaf"] as UInt64
        guard first <= last else { return nil }
        var salts: [CommitmentDomain: [UInt8]] = [:]
        for domain in CommitmentDomain.allCases where domain != .reason {
            guard domain != .recipient || interval.audience.recipient != nil else { continue }
            salts[domain] = secret?.salt(domain, context: name)
        }
        return DisclosureAccount(
            number: row["id"],
            interval: interval,
            outcome: outcome(kind),
            from: WallClockTime(nanosecondsSince1970: row["began"]),
            until: WallClockTime(nanosecondsSince1970: row["last_time"]),
            packets: row["packets"],
            bytes: row["bytes"],
            leaves: first...last,
            salts: salts
        )
    }

    private static func outcome(_ kind: DisclosureEntry.Kind) -> DisclosureAccount.Outcome {
        switch kind {
        case .opened, .progress: .open
        case .closed: .closed
        case .interrupted: .interrupted
        case .refused(let reason): .refused(reason)
        }
    }

    static func interval(_ row: Row, _ participant: ParticipantID) -> DisclosureInterval? {
        guard let room = RoomName(row["room_name"] as String),
            let audience = Audience(row)
        else { return nil }
        let ground = row["basis"] as String?
        let basis = ground.flatMap(Permit.Basis.init(rawValue:))
        // A word of another version.
        guard ground == nil || basis != nil else { return nil }
        var notice: NoticeReference?
        if let id = row["notice_id"] as String?, let digest = row["notice_sha256"] as String? {
            notice = NoticeReference(
                id: id,
                version: row["notice_version"] ?? "",
                sha256: digest
            )
        }
        return DisclosureInterval(
            id: Hexadecimal.encode(row["interval"] as Data),
            room: room,
            participant: participant,
            stream: row["stream"],
            audience: audience,
            session: row["session"],
            media: Set(DisclosureRow.media(row["media"]).compactMap(MediaType.init(rawValue:))),
            epoch: row["epoch"],
            grant: row["grant_sequence"],
            notice: notice,
            basis: basis
        )
    }
}

extension Audience {
    /// The audience of a row of `disclosure`; `nil` where it has a word of another version.
    init?(_ row: Row) {
        guard let purpose = Purpose(rawValue: row["purpose"] as String),
            let recipientClass = RecipientClass(rawValue: row["recipient_class"] as String)
        else { return nil }
        self.init(purpose: purpose, recipientClass: recipientClass, recipient: row["recipient"])
    }
}
