import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

/// Gives leaves their places in the tree and writes them with their rows, inside somebody else's transaction.
///
/// What it remembers is what the tables say at the end of the last transaction: when one fails, it is thrown
/// away and read again.
struct DisclosureSequencer {
    /// An interval that has begun and not ended, as its last leaf has it.
    struct OpenDisclosure {
        let row: Int64
        var leaf: DisclosureLeaf
    }

    /// A participant's number and the secret of its commitments.
    struct Subject {
        let principal: Int64
        let secret: CommitmentSecret
    }

    /// Most participants whose numbers are remembered; the rest are looked up again.
    private static let rememberedSubjects = 10_000
    /// Most bytes of a name in an interval: what identifiers and URLs need, and it bounds a row.
    private static let longestName = 512

    private(set) var tree: TiledTree
    /// By the names of their intervals.
    private(set) var open: [String: OpenDisclosure]
    private var subjects: [ParticipantID: Subject] = [:]

    /// Takes up the ledger as its tables have it.
    init(_ connection: Database) throws {
        tree = try LeafTable.tree(connection, size: try LeafTable.size(connection))
        open = try Self.openDisclosures(connection)
    }

    // MARK: - Entries

    /// Writes `entries`; throws `contradiction` if one cannot follow what is known of its interval.
    mutating func record(_ entries: [DisclosureEntry], _ connection: Database) throws {
        for entry in entries {
            switch entry.kind {
            case .opened, .refused: try begin(entry, connection)
            case .progress, .closed, .interrupted: try goOn(entry, connection)
            }
        }
    }

    /// Ends every open interval at `time`: nobody knows what was sent after its last leaf.
    ///
    /// Answers the leaves that say so.
    mutating func interruptAll(at time: WallClockTime, _ connection: Database) throws -> Range<UInt64> {
        let first = tree.size
        let found = open.values.sorted { $0.row < $1.row }
        for disclosure in found {
            var leaf = disclosure.leaf
            leaf.kind = .interrupted
            // The clock may have been set back; an end before the last leaf would be none.
            leaf.time = max(time, leaf.time)
            try append(leaf, of: disclosure.row, connection)
            try close(leaf.interval, disclosure.row, connection)
        }
        return first..<tree.size
    }

    private mutating func begin(_ entry: DisclosureEntry, _ connection: Database) throws {
        let interval = entry.interval
        guard let name = Hexadecimal.decode(interval.id), name.count == 16 else {
            throw LedgerError.contradiction("the name of an interval is 32 hexadecimal digits")
        }
        for text in [
            interval.stream, interval.session, interval.notice?.id, interval.notice?.version,
            interval.notice?.sha256,
        ] {
            // Text with a zero in it would end there when it is read back.
            guard let text, text.utf8.count > Self.longestName || text.utf8.contains(0) else { continue }
            throw LedgerError.contradiction("a name in interval \(interval.id) is too long or holds a zero")
        }
        let subject = try subject(interval.participant, connection)
        let leaf = DisclosureLeaf(entry, name: name, secret: subject.secret)
        if let known = open[interval.id] {
            guard entry.kind == .opened, known.leaf.describesTheSame(as: leaf) else {
                throw LedgerError.contradiction("interval \(interval.id) is open already and is another")
            }
            return
        }
        if let row = try DisclosureRow.find(name, connection) {
            guard try row.isRepeated(by: entry, leaf, connection) else {
                throw LedgerError.contradiction("interval \(interval.id) has ended already")
            }
            return
        }
        let index = try append(.disclosure(leaf), connection)
        let row = try DisclosureRow.insert(
            entry,
            name: name,
            leaf: index,
            principal: subject.principal,
            connection
        )
        try DisclosureRow.insertEntry(leaf: index, of: row, leaf, connection)
        guard entry.kind == .opened else { return }
        try connection.cachedStatement(sql: "INSERT INTO open_disclosure (disclosure) VALUES (?)")
            .execute(arguments: [row])
        open[interval.id] = OpenDisclosure(row: row, leaf: leaf)
    }

    private mutating func goOn(_ entry: DisclosureEntry, _ connection: Database) throws {
        let id = entry.interval.id
        guard let known = open[id] else {
            guard let name = Hexadecimal.decode(id), let row = try DisclosureRow.find(name, connection),
                try row.isRepeated(by: entry, nil, connection)
            else { throw LedgerError.contradiction("interval \(id) is not open") }
            return
        }
        guard entry.packets >= known.leaf.packets, entry.bytes >= known.leaf.bytesSent else {
            throw LedgerError.contradiction("the counts of interval \(id) went back")
        }
        var leaf = known.leaf
        leaf.kind = entry.kind
        leaf.time = entry.time
        leaf.packets = entry.packets
        leaf.bytesSent = entry.bytes
        guard leaf != known.leaf else { return }
        try append(leaf, of: known.row, connection)
        if entry.kind == .progress {
            open[id]?.leaf = leaf
        } else {
            try close(id, known.row, connection)
        }
    }

    private mutating func close(_ id: String, _ row: Int64, _ connection: Database) throws {
        open[id] = nil
        try connection.cachedStatement(sql: "DELETE FROM open_disclosure WHERE disclosure = ?")
            .execute(arguments: [row])
    }

    // MARK: - Leaves

    private mutating func append(
        _ leaf: DisclosureLeaf,
        of row: Int64,
        _ connection: Database
    ) throws {
        let index = try append(leaf.ledgerLeaf, connection)
        try DisclosureRow.insertEntry(leaf: index, of: row, leaf, connection)
    }

    /// Writes `leaf` behind the last one, and the tiles that it completes; answers its place.
    @discardableResult
    mutating func append(_ leaf: LedgerLeaf, _ connection: Database) throws -> Int64 {
        let bytes = leaf.bytes
        guard bytes.count <= EntryBundle.longestEntry else {
            throw LedgerError.contradiction("a leaf of \(bytes.count) bytes is too long")
        }
        let index = Int64(tree.size)
        try LeafTable.insert(bytes, at: index, connection)
        for tile in tree.append(.leaf(bytes)) { try LeafTable.insert(tile, connection) }
        return index
    }

    // MARK: - Subjects

    /// The number of `participant` and its secret, both new for somebody new.
    mutating func subject(_ participant: ParticipantID, _ connection: Database) throws -> Subject {
        if let known = subjects[participant] { return known }
        let principal = try PrincipalTable.reference(participant.text, connection)
        let subject = Subject(
            principal: principal,
            secret: try SaltTable.secret(of: principal, connection)
        )
        if subjects.count >= Self.rememberedSubjects { subjects.removeAll(keepingCapacity: true) }
        subjects[participant] = subject
        return subject
    }

    mutating func forget(_ participant: ParticipantID) { subjects[participant] = nil }
}
