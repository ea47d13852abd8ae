/// The tables of the disclosure ledger.
///
/// `leaf` and `tile` are the Merkle tree, and name nobody. `disclosure` and `disclosure_entry` say the same
/// in plain words, with participants by number. `salt` holds the secrets of the commitments; erasing
/// overwrites one in its place, because deleting rows could leave copies behind where others are moved
/// together.
enum DisclosureSchema {
    static let tables = """
        CREATE TABLE leaf (
            idx INTEGER PRIMARY KEY CHECK (idx >= 0),
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE tile (
            level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
            idx INTEGER NOT NULL CHECK (idx >= 0),
            root BLOB NOT NULL CHECK (length(root) = 32),
            hashes BLOB NOT NULL CHECK (length(hashes) = 8192),
            PRIMARY KEY (level, idx)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE salt (
            id INTEGER PRIMARY KEY,
            principal INTEGER UNIQUE REFERENCES principal(id),
            secret BLOB NOT NULL CHECK (length(secret) = 32)
        ) STRICT;

        CREATE TABLE disclosure (
            id INTEGER PRIMARY KEY,
            interval BLOB NOT NULL UNIQUE CHECK (length(interval) = 16),
            leaf INTEGER NOT NULL REFERENCES leaf(idx),
            principal INTEGER NOT NULL REFERENCES principal(id),
            room INTEGER NOT NULL REFERENCES room(id),
            stream TEXT NOT NULL,
            purpose TEXT NOT NULL,
            recipient_class TEXT NOT NULL,
            recipient TEXT,
            session TEXT NOT NULL,
            media TEXT NOT NULL,
            epoch INTEGER NOT NULL CHECK (epoch >= 0),
            grant_sequence INTEGER CHECK (grant_sequence >= 0),
            notice_id TEXT,
            notice_version TEXT,
            notice_sha256 TEXT,
            began INTEGER NOT NULL,
            reason TEXT
        ) STRICT;

        CREATE INDEX disclosure_of_principal ON disclosure (principal, id);

        CREATE TABLE disclosure_entry (
            leaf INTEGER PRIMARY KEY REFERENCES leaf(idx),
            disclosure INTEGER NOT NULL REFERENCES disclosure(id),
            kind TEXT NOT NULL,
            time INTEGER NOT NULL,
            packets INTEGER NOT NULL CHECK (packets >= 0),
            bytes INTEGER NOT NULL CHECK (bytes >= 0)
        ) STRICT;

        CREATE INDEX disclosure_entry_of_disclosure ON disclosure_entry (disclosure, leaf);
        CREATE INDEX disclosure_end ON disclosure_entry (time)
        WHERE kind IN ('closed', 'interrupted', 'refused');

        CREATE TABLE operator_read (
            leaf INTEGER PRIMARY KEY REFERENCES leaf(idx),
            id BLOB NOT NULL CHECK (length(id) = 16),
            principal INTEGER REFERENCES principal(id),
            role TEXT NOT NULL,
            scope TEXT NOT NULL,
            reason TEXT,
            time INTEGER NOT NULL
        ) STRICT;

        CREATE INDEX operator_read_of_principal ON operator_read (principal) WHERE principal IS NOT NULL;

        CREATE TABLE erasure (
            leaf INTEGER PRIMARY KEY REFERENCES leaf(idx),
            id BLOB NOT NULL CHECK (length(id) = 16),
            principal INTEGER NOT NULL REFERENCES principal(id),
            disclosures INTEGER NOT NULL CHECK (disclosures >= 0),
            entries INTEGER NOT NULL CHECK (entries >= 0),
            first INTEGER CHECK (first >= 0),
            last INTEGER CHECK (last >= 0),
            time INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE open_disclosure (
            disclosure INTEGER PRIMARY KEY REFERENCES disclosure(id)
        ) STRICT;

        CREATE TRIGGER leaf_follows_the_last BEFORE INSERT ON leaf
        WHEN NEW.idx <> 1 + coalesce((SELECT max(idx) FROM leaf), -1)
        BEGIN SELECT RAISE(ABORT, 'a leaf follows the last one'); END;

        CREATE TRIGGER tile_follows_the_last BEFORE INSERT ON tile
        WHEN NEW.idx <> 1 + coalesce((SELECT max(idx) FROM tile WHERE level = NEW.level), -1)
        BEGIN SELECT RAISE(ABORT, 'a tile follows the last one of its level'); END;

        CREATE TRIGGER disclosure_is_new BEFORE INSERT ON disclosure
        WHEN EXISTS (SELECT 1 FROM disclosure WHERE id = NEW.id OR interval = NEW.interval)
        BEGIN SELECT RAISE(ABORT, 'an interval is entered once'); END;

        CREATE TRIGGER disclosure_entry_is_new BEFORE INSERT ON disclosure_entry
        WHEN EXISTS (SELECT 1 FROM disclosure_entry WHERE leaf = NEW.leaf)
        BEGIN SELECT RAISE(ABORT, 'a leaf has one entry'); END;

        CREATE TRIGGER salt_is_new BEFORE INSERT ON salt
        WHEN EXISTS (SELECT 1 FROM salt WHERE id = NEW.id OR principal IS NEW.principal)
        BEGIN SELECT RAISE(ABORT, 'a principal has one secret'); END;

        CREATE TRIGGER salt_is_only_erased BEFORE UPDATE ON salt
        WHEN NEW.id <> OLD.id OR NEW.principal IS NOT OLD.principal OR NEW.secret <> zeroblob(32)
        BEGIN SELECT RAISE(ABORT, 'a secret is only erased'); END;

        CREATE TRIGGER operator_read_is_only_erased BEFORE UPDATE ON operator_read
        WHEN NEW.leaf <> OLD.leaf OR NEW.id <> OLD.id OR NEW.principal IS NOT OLD.principal
            OR NEW.role <> OLD.role OR NEW.scope <> OLD.scope OR NEW.time <> OLD.time
            OR NEW.reason IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'of an operator''s read the reason is erased and nothing else'); END;
        """ + frozen(["leaf", "tile", "disclosure", "disclosure_entry", "erasure"], "UPDATE")
        + frozen(
            ["leaf", "tile", "salt", "disclosure", "disclosure_entry", "operator_read", "erasure"],
            "DELETE"
        )

    private static func frozen(_ tables: [String], _ action: String) -> String {
        let word = action == "UPDATE" ? "updated" : "deleted"
        return tables.map { table in
            """

            CREATE TRIGGER \(table)_is_never_\(word) BEFORE \(action) ON \(table)
            BEGIN SELECT RAISE(ABORT, 'a \(table) is never \(word)'); END;
            """
        }.joined()
    }
}
