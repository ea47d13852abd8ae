import GRDB

extension PrincipalTable {
    /// Who answers for `principal` by their events, and is in no event of or about anybody else who is known.
    static func guardians(onlyOf principal: Int64, _ connection: Database) throws -> [String] {
        try String.fetchAll(
            connection,
            sql: """
                SELECT participant FROM principal AS guardian WHERE participant IS NOT NULL AND id IN (
                    SELECT json_extract(body, '$.guardian') FROM room_event
                        WHERE principal = ?1 AND kind = 'principal'
                    UNION SELECT json_extract(body, '$.entity') FROM room_event
                        WHERE principal = ?1 AND kind = 'statement'
                            AND json_extract(body, '$.source') = 'guardian')
                AND NOT EXISTS (SELECT 1 FROM room_event WHERE principal = guardian.id)
                AND NOT EXISTS (SELECT 1 FROM disclosure WHERE principal = guardian.id)
                AND NOT EXISTS (SELECT 1 FROM profile WHERE principal = guardian.id)
                AND NOT EXISTS (SELECT 1 FROM erasure_job WHERE principal = guardian.id)
                AND NOT EXISTS (
                    SELECT 1 FROM room_event JOIN principal AS other ON other.id = room_event.principal
                    WHERE other.id <> ?1 AND other.participant IS NOT NULL AND guardian.id IN (
                        json_extract(body, '$.guardian'), json_extract(body, '$.entity')))
                AND NOT EXISTS (
                    SELECT 1 FROM room_event, json_each(body, '$.approvals') AS approval
                    WHERE kind = 'demand' AND approval.value = guardian.id)
                """,
            arguments: [principal]
        )
    }
}
