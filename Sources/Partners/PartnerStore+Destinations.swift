import GRDB
import Primitives

/// Destinations and what is to be pushed to them, in the same file.
extension PartnerStore {
    static func makeDestinations(_ connection: Database) throws {
        try connection.execute(
            sql: """
                CREATE TABLE destination (
                    id TEXT PRIMARY KEY,
                    partner TEXT NOT NULL,
                    terms TEXT NOT NULL,
                    state TEXT NOT NULL,
                    reason TEXT
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX destination_by_partner ON destination (partner);
                CREATE TABLE push (
                    id TEXT PRIMARY KEY,
                    room TEXT NOT NULL,
                    destination TEXT NOT NULL REFERENCES destination (id) ON DELETE CASCADE
                ) STRICT, WITHOUT ROWID;
                CREATE INDEX push_by_destination ON push (destination);
                """
        )
    }

    func destinations() throws(PartnerRegistryError) -> [String: Destination] {
        try attempt { database in
            var found: [String: Destination] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT * FROM destination") {
                let id: String = row["id"]
                guard
                    let terms = DestinationTermsDocument(json: row["terms"])?.terms(of: row["partner"]),
                    let state = Destination.State(rawValue: row["state"])
                else { throw PartnerRegistryError.unavailable("destination \(id) cannot be read") }
                found[id] = Destination(id: id, terms: terms, state: state, reason: row["reason"])
            }
            return found
        }
    }

    func write(_ destination: Destination) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(
                sql: """
                    INSERT INTO destination (id, partner, terms, state, reason) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET partner = excluded.partner, terms = excluded.terms,
                        state = excluded.state, reason = excluded.reason
                    """,
                arguments: [
                    destination.id, destination.terms.partner,
                    DestinationTermsDocument(destination.terms).json, destination.state.rawValue,
                    destination.reason,
                ]
            )
        }
    }

    func removeDestination(_ id: String) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(sql: "DELETE FROM destination WHERE id = ?", arguments: [id])
        }
    }

    func pushes() throws(PartnerRegistryError) -> [PushOrder] {
        try attempt { database in
            try Row.fetchAll(database, sql: "SELECT * FROM push ORDER BY id").compactMap { row in
                RoomName(row["room"] as String).map { room in
                    PushOrder(id: row["id"], room: room, destination: row["destination"], stream: nil)
                }
            }
        }
    }

    func write(_ order: PushOrder) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(
                sql: "INSERT INTO push (id, room, destination) VALUES (?, ?, ?)",
                arguments: [order.id, order.room.text, order.destination]
            )
        }
    }

    func removePush(_ id: String) throws(PartnerRegistryError) {
        try attempt { database in
            try database.execute(sql: "DELETE FROM push WHERE id = ?", arguments: [id])
        }
    }
}
