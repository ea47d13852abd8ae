import Disclosures
import Foundation
import GRDB
import Primitives

/// The erasures that were asked for.
///
/// Of somebody who was erased there is a keyed digest of the identifier, so that
/// a question about that identifier can be answered with `erased`, and nothing that says who it was.
struct ErasureJobTable {
    let digest: Data
    let requestedAt: WallClockTime
    let requester: ErasureJob.Requester
    /// The place of the leaf that says so, once the erasure is made.
    let leaf: UInt64?
    /// The salt that opens it, for the certificate.
    let salt: [UInt8]?
    /// When no copy was left.
    let finishedAt: WallClockTime?
    /// When the erasure before this one was done, of who had the identifier before.
    let earlier: WallClockTime?

    /// Keyed, so that the table alone leads to nobody.
    static func digest(_ person: String, _ secret: CommitmentSecret) -> Data {
        Data(secret.salt(.participant, context: Array("erasure job\0\(person)".utf8)))
    }

    static func find(_ person: String, _ connection: Database) throws -> ErasureJobTable? {
        guard let secret = try SaltTable.existing(of: nil, connection) else { return nil }
        let row = try Row.fetchOne(
            connection,
            sql: "SELECT * FROM erasure_job WHERE digest = ?",
            arguments: [digest(person, secret)]
        )
        return try row.map(ErasureJobTable.init)
    }

    private init(_ row: Row) throws {
        guard let requester = ErasureJob.Requester(rawValue: row["requester"] as String) else {
            throw LedgerError.unusable("an erasure was asked for by somebody of another version")
        }
        digest = row["digest"]
        requestedAt = WallClockTime(nanosecondsSince1970: row["requested"])
        self.requester = requester
        leaf = (row["leaf"] as Int64?).map { UInt64($0) }
        salt = (row["salt"] as Data?).map { [UInt8]($0) }
        finishedAt = (row["finished"] as Int64?).map(WallClockTime.init(nanosecondsSince1970:))
        earlier = (row["earlier"] as Int64?).map(WallClockTime.init(nanosecondsSince1970:))
    }

    /// Writes the request down; one that is pending, or done of somebody who has not come back, stays.
    static func request(
        _ person: String,
        by requester: ErasureJob.Requester,
        at time: WallClockTime,
        _ connection: Database
    ) throws {
        if let found = try find(person, connection) {
            guard found.finishedAt != nil, try PrincipalTable.find(person, connection) != nil else { return }
        }
        let secret = try SaltTable.secret(of: nil, connection)
        let principal = try PrincipalTable.reference(person, connection)
        try connection.execute(
            sql: """
                INSERT INTO erasure_job (digest, principal, requested, requester) VALUES (?, ?, ?, ?)
                ON CONFLICT (digest) DO UPDATE SET principal = excluded.principal,
                    requested = excluded.requested, requester = excluded.requester,
                    earlier = coalesce(finished, earlier), leaf = NULL, salt = NULL, finished = NULL
                """,
            arguments: [
                digest(person, secret), principal, time.nanosecondsSince1970, requester.rawValue,
            ]
        )
    }

    /// Notes that the erasure is made and that its certificate can be given.
    static func carriedOut(
        _ digest: Data,
        _ erasure: DisclosureSequencer.Erasure,
        _ connection: Database
    ) throws {
        try connection.execute(
            sql: "UPDATE erasure_job SET leaf = ?, salt = ? WHERE digest = ?",
            arguments: [Int64(erasure.index), Data(erasure.salt), digest]
        )
    }

    /// Notes that no copy is left of what was erased.
    static func finish(at time: WallClockTime, _ connection: Database) throws {
        try connection.execute(
            sql: "UPDATE erasure_job SET finished = ? WHERE leaf IS NOT NULL AND finished IS NULL",
            arguments: [time.nanosecondsSince1970]
        )
    }

    /// Whether `person` did something here themselves, or somebody who answers for them.
    static func hasCome(_ person: String, _ connection: Database) throws -> Bool {
        guard let principal = try PrincipalTable.find(person, connection) else { return false }
        let found = try Bool.fetchOne(
            connection,
            sql: """
                SELECT EXISTS (SELECT 1 FROM disclosure WHERE principal = ?1)
                    OR EXISTS (SELECT 1 FROM profile WHERE principal = ?1)
                    OR EXISTS (
                        SELECT 1 FROM room_event WHERE principal = ?1 AND kind = 'statement'
                            AND json_extract(body, '$.state') NOT IN (?2, ?3))
                """,
            arguments: [principal, ConsentState.requested.rawValue, ConsentState.revoked.rawValue]
        )
        return found ?? false
    }

    /// Who waits to be erased.
    static func pending(_ connection: Database) throws -> [ParticipantID] {
        try String.fetchAll(
            connection,
            sql: """
                SELECT participant FROM erasure_job JOIN principal ON principal.id = erasure_job.principal
                WHERE leaf IS NULL AND participant IS NOT NULL ORDER BY requested
                """
        ).compactMap(ParticipantID.init)
    }

    /// The rooms in which a hold that is not lifted keeps what there is about `person`.
    static func holdingRooms(of person: String, _ connection: Database) throws -> [RoomName] {
        guard let principal = try PrincipalTable.find(person, connection) else { return [] }
        let rows = try Row.fetchAll(
            connection,
            sql: """
                SELECT room.name, body FROM room_event JOIN room ON room.id = room_event.room
                WHERE principal = ? AND kind = 'hold' ORDER BY room_event.room, sequence
                """,
            arguments: [principal]
        )
        var holds: [String: [String: Bool]] = [:]
        for row in rows {
            let hold = try RoomEventBody.decode(RoomEventBody.Hold.self, row["body"])
            holds[row["name"], default: [:]][hold.id] = !hold.lifted
        }
        return holds.filter { $0.value.values.contains(true) }.keys.sorted().compactMap { RoomName($0) }
    }
}
