import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

extension SQLiteLedgerStore {
    package func standing(of participant: ParticipantID) async throws(LedgerError) -> PersonalStanding {
        try await reader.read("standing") { database in
            let job = try ErasureJobTable.find(participant.text, database)
            return PersonalStanding(
                isKnown: try ErasureJobTable.hasCome(participant.text, database),
                erasedAt: job?.finishedAt ?? job?.earlier
            )
        }
    }

    package func requestErasure(
        of participant: ParticipantID,
        by requester: ErasureJob.Requester,
        at time: WallClockTime = .now()
    ) async throws(LedgerError) {
        try await connection.requestErasure(participant.text, by: requester, at: time)
    }

    package func erasureJob(of participant: ParticipantID) async throws(LedgerError) -> ErasureJob? {
        let found = try await reader.read("erasure") { database in
            try ErasureJobTable.find(participant.text, database).map { job in
                (job, try ErasureJobTable.holdingRooms(of: participant.text, database))
            }
        }
        guard let (job, held) = found else { return nil }
        var state = ErasureJob.State.pending(heldIn: held)
        if job.finishedAt != nil, let leaf = job.leaf, let salt = job.salt {
            state = .done(try await certificate(leaf: leaf, salt: salt))
        }
        return ErasureJob(requestedAt: job.requestedAt, requester: job.requester, state: state)
    }

    package func pendingErasures() async throws(LedgerError) -> [ParticipantID] {
        // What a killed process had erased and not cut out of the write-ahead log yet.
        try await cutJournal()
        try await connection.finishErasures(at: .now())
        return try await reader.read("pending erasures") { try ErasureJobTable.pending($0) }
    }

    package func holdingRooms(of participant: ParticipantID) async throws(LedgerError) -> [RoomName] {
        try await reader.read("holds") { try ErasureJobTable.holdingRooms(of: participant.text, $0) }
    }

    package func carryOutErasure(
        of participant: ParticipantID,
        at time: WallClockTime = .now()
    ) async throws(LedgerError) -> Bool {
        guard try await connection.carryOutErasure(participant.text, at: time) else { return false }
        try await cutJournal()
        try await connection.finishErasures(at: time)
        await publish()
        return true
    }

    /// The certificate of the erasure whose leaf is at `index`, with a proof as far as it is published.
    private func certificate(
        leaf index: UInt64,
        salt: [UInt8]
    ) async throws(LedgerError) -> ErasureCertificate {
        let key = verifierKey.text
        let row = try await reader.read("certificate") { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT * FROM erasure WHERE leaf = ?",
                arguments: [Int64(index)]
            )
            let leaf = try LeafTable.leaves(index..<index + 1, database)[0]
            return row.map { row in
                ErasureCertificate(
                    time: WallClockTime(nanosecondsSince1970: row["time"]).rfc3339,
                    disclosures: row["disclosures"],
                    entries: row["entries"],
                    firstLeaf: row["first"],
                    lastLeaf: row["last"],
                    leaf: index,
                    statement: String(decoding: leaf, as: UTF8.self),
                    salt: Hexadecimal.encode(salt),
                    proof: nil,
                    verifierKey: key
                )
            }
        }
        guard var certificate = row else { throw .unusable("erasure \(index) has no row") }
        certificate.proof = try? await publisher.proof(of: index)?.text
        return certificate
    }
}
