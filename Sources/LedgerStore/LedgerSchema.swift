import GRDB

/// The tables of the ledger.
///
/// Migrations are only ever added, and rows are never updated or deleted.
enum LedgerSchema {
    /// "Taly": marks the file as ours (`PRAGMA application_id`).
    static let applicationID = 0x5461_6C79
    /// The newest layout that this program knows (`PRAGMA user_version`).
    static let version = 1

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 consent events") { database in
            try database.execute(
                sql: """
                    CREATE TABLE room (
                        id INTEGER PRIMARY KEY,
                        name TEXT NOT NULL UNIQUE
                    ) STRICT;

                    CREATE TABLE consent_event (
                        room INTEGER NOT NULL REFERENCES room(id),
                        sequence INTEGER NOT NULL CHECK (sequence > 0),
                        time INTEGER NOT NULL,
                        participant TEXT NOT NULL,
                        purpose TEXT NOT NULL,
                        recipient TEXT,
                        stream TEXT,
                        state TEXT NOT NULL,
                        media TEXT NOT NULL,
                        valid_from INTEGER,
                        valid_until INTEGER,
                        source TEXT NOT NULL,
                        given_at INTEGER NOT NULL,
                        entity TEXT,
                        notice_id TEXT,
                        notice_sha256 TEXT,
                        PRIMARY KEY (room, sequence)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TRIGGER consent_event_follows_the_last BEFORE INSERT ON consent_event
                    WHEN NEW.sequence <> 1 + coalesce(
                        (SELECT max(sequence) FROM consent_event WHERE room = NEW.room), 0)
                    BEGIN SELECT RAISE(ABORT, 'a consent event follows the last one of its room'); END;

                    CREATE TRIGGER consent_event_is_never_updated BEFORE UPDATE ON consent_event
                    BEGIN SELECT RAISE(ABORT, 'consent events are never updated'); END;

                    CREATE TRIGGER consent_event_is_never_deleted BEFORE DELETE ON consent_event
                    BEGIN SELECT RAISE(ABORT, 'consent events are never deleted'); END;

                    CREATE TRIGGER room_is_never_updated BEFORE UPDATE ON room
                    BEGIN SELECT RAISE(ABORT, 'rooms are never renamed'); END;

                    CREATE TRIGGER room_is_never_deleted BEFORE DELETE ON room
                    BEGIN SELECT RAISE(ABORT, 'rooms are never deleted'); END;

                    CREATE TABLE heartbeat (
                        id INTEGER PRIMARY KEY CHECK (id = 1),
                        beats INTEGER NOT NULL,
                        filler BLOB NOT NULL
                    ) STRICT;

                    INSERT INTO heartbeat (id, beats, filler) VALUES (1, 0, x'');
                    """
            )
            try database.execute(sql: "PRAGMA user_version = 1")
        }
        return migrator
    }
}
