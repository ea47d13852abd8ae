import Crypto
import Disclosures
import Foundation
import GRDB
import Primitives

/// Display fields by participant and room, sealed under the participant's secret: who erases that takes every copy
/// of the fields along, wherever the database has moved it.
enum ProfileTable {
    static func fetch(
        _ participant: ParticipantID,
        _ room: RoomName,
        _ connection: Database
    ) throws -> ParticipantProfile? {
        let row = try Row.fetchOne(
            connection,
            sql: """
                SELECT sealed, principal FROM profile JOIN room ON room.id = profile.room
                JOIN principal ON principal.id = profile.principal
                WHERE participant = ? AND room.name = ?
                """,
            arguments: [participant.text, room.text]
        )
        guard let row, let secret = try SaltTable.existing(of: row["principal"], connection) else {
            return nil
        }
        do {
            let sealed = try AES.GCM.SealedBox(combined: row["sealed"] as Data)
            let data = try AES.GCM.open(sealed, using: key(secret), authenticating: Data(room.text.utf8))
            return try JSONDecoder().decode(ParticipantProfile.self, from: data)
        } catch {
            throw LedgerError.unusable("the display fields of a participant cannot be read")
        }
    }

    static func store(
        _ profile: ParticipantProfile,
        _ subject: DisclosureSequencer.Subject,
        _ room: RoomName,
        _ connection: Database
    ) throws {
        let data = try JSONEncoder().encode(profile)
        let box = try AES.GCM.seal(
            data,
            using: key(subject.secret),
            authenticating: Data(room.text.utf8)
        )
        guard let sealed = box.combined else { throw LedgerError.contradiction("fields cannot be sealed") }
        try connection.execute(
            sql: """
                INSERT INTO profile (principal, room, sealed) VALUES (?, ?, ?)
                ON CONFLICT (principal, room) DO UPDATE SET sealed = excluded.sealed
                """,
            arguments: [subject.principal, try RoomTable.reference(room, connection), sealed]
        )
    }

    private static func key(_ secret: CommitmentSecret) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.bytes),
            info: Data("tally profile".utf8),
            outputByteCount: 32
        )
    }
}
