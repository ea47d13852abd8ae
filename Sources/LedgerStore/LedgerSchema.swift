import GRDB

/// The tables of the ledger.
///
/// Migrations are only ever added, and rows are never updated or deleted; of a principal only the text can be taken,
/// and `DisclosureSchema` has what else is erased.
enum LedgerSchema {
    /// "Taly": marks the file as ours (`PRAGMA application_id`).
    static let applicationID = 0x5461_6C79
    /// The newest layout that this program knows (`PRAGMA user_version`).
    static let version = 7

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
        migrator.registerMigration("2 room events") { database in
            try database.execute(sql: roomEvents)
            try ConsentEventTable.migrate(database)
            try database.execute(sql: "DROP TABLE consent_event")
            try database.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("3 disclosure ledger") { database in
            try database.execute(sql: DisclosureSchema.tables)
            try database.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("4 rights") { database in
            try database.execute(sql: rights)
            try database.execute(sql: "PRAGMA user_version = 4")
        }
        migrator.registerMigration("5 basis of disclosures") { database in
            try database.execute(sql: "ALTER TABLE disclosure ADD COLUMN basis TEXT")
            try database.execute(sql: "PRAGMA user_version = 5")
        }
        migrator.registerMigration("6 earlier erasures") { database in
            try database.execute(sql: "ALTER TABLE erasure_job ADD COLUMN earlier INTEGER")
            try database.execute(sql: "PRAGMA user_version = 6")
        }
        migrator.registerMigration("7 statistics") { database in
            try database.execute(sql: StatisticsTable.schema)
            try database.execute(sql: "PRAGMA user_version = 7")
        }
        return migrator
    }

    /// Events of every kind, people by number, and the texts of notices by digest.
    private static let roomEvents = """
        CREATE TABLE principal (
            id INTEGER PRIMARY KEY,
            participant TEXT UNIQUE
        ) STRICT;

        CREATE TRIGGER principal_is_only_erased BEFORE UPDATE ON principal
        WHEN NEW.id <> OLD.id OR NEW.participant IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'a principal is never renamed'); END;

        CREATE TRIGGER principal_is_never_deleted BEFORE DELETE ON principal
        BEGIN SELECT RAISE(ABORT, 'the number of a principal never serves again'); END;

        CREATE TABLE room_event (
            room INTEGER NOT NULL REFERENCES room(id),
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            principal INTEGER REFERENCES principal(id),
            body TEXT NOT NULL,
            PRIMARY KEY (room, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX room_event_of_principal ON room_event (principal) WHERE principal IS NOT NULL;

        CREATE TRIGGER room_event_follows_the_last BEFORE INSERT ON room_event
        WHEN NEW.sequence <> 1 + coalesce(
            (SELECT max(sequence) FROM room_event WHERE room = NEW.room), 0)
        BEGIN SELECT RAISE(ABORT, 'an event follows the last one of its room'); END;

        CREATE TRIGGER room_event_is_never_updated BEFORE UPDATE ON room_event
        BEGIN SELECT RAISE(ABORT, 'events are never updated'); END;

        CREATE TRIGGER room_event_is_never_deleted BEFORE DELETE ON room_event
        BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

        CREATE TABLE notice_text (
            sha256 TEXT PRIMARY KEY,
            language TEXT NOT NULL,
            text TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TRIGGER notice_text_is_never_updated BEFORE UPDATE ON notice_text
        BEGIN SELECT RAISE(ABORT, 'notice texts are never updated'); END;

        CREATE TRIGGER notice_text_is_never_deleted BEFORE DELETE ON notice_text
        BEGIN SELECT RAISE(ABORT, 'notice texts are never deleted'); END;
        """

    /// Erasures that were asked for, and display fields, which only their owner's secret opens: overwriting it in
    /// `salt` takes every copy of them along.
    private static let rights = """
        CREATE TABLE erasure_job (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            principal INTEGER NOT NULL REFERENCES principal(id),
            requested INTEGER NOT NULL,
            requester TEXT NOT NULL,
            leaf INTEGER REFERENCES leaf(idx),
            salt BLOB CHECK (length(salt) = 32),
            finished INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE profile (
            principal INTEGER NOT NULL REFERENCES principal(id),
            room INTEGER NOT NULL REFERENCES room(id),
            sealed BLOB NOT NULL,
            PRIMARY KEY (principal, room)
        ) STRICT, WITHOUT ROWID;
        """
}
