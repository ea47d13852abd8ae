import Dispatch
import Foundation
import GRDB
import TransparencyLogs

/// Publishes the Merkle tree as files, from what the database holds and never ahead of it.
///
/// Tiles and bundles are written first and the checkpoint last, each whole or not at all; whatever a crash
/// leaves is written again from the database.
actor LedgerPublisher {
    private let executor = LedgerExecutor()
    private let databasePath: String
    private let folder: LogFolder
    private let key: SigningKey
    private var database: DatabaseQueue?
    /// The tree as it is published; `nil` until what is published has been looked at.
    private var tree: TiledTree?
    private(set) var published: PublishedCheckpoint?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(databasePath: String, folder: LogFolder, key: SigningKey) {
        self.databasePath = databasePath
        self.folder = folder
        self.key = key
    }

    /// Looks at what is published; throws `unusable` if it is not what this database once held.
    func takeUp() throws(LedgerError) {
        try attempt("taking up of the published log") {
            tree = TiledTree()
            try writeKey()
            guard let bytes = try folder.read(.checkpoint) else { return }
            let checkpoint = try read(bytes)
            try reading { connection in
                let size = try LeafTable.size(connection)
                guard checkpoint.size <= size else {
                    throw LedgerError.unusable(
                        "\(folder.path) was published with \(checkpoint.size) leaves, and the ledger has "
                            + "\(size): this database is older than its log"
                    )
                }
                let then = try LeafTable.tree(connection, size: checkpoint.size)
                guard then.root == checkpoint.root else {
                    throw LedgerError.unusable(
                        "\(folder.path) was published from another ledger: the first \(checkpoint.size) "
                            + "leaves are not the same"
                    )
                }
                guard isComplete(then) else { return }
                tree = then
                published = stated(checkpoint, bytes)
            }
        }
    }

    /// Publishes what is new; answers the checkpoint that stands then.
    @discardableResult
    func publish() throws(LedgerError) -> PublishedCheckpoint {
        if tree == nil { try takeUp() }
        return try attempt("publication") {
            let size = try reading { try LeafTable.size($0) }
            if let published, published.checkpoint.size == size { return published }
            while let start = tree?.size, start < size {
                // A bundle at a time, so that no transaction of ours keeps the write-ahead log for long.
                let width = UInt64(TileID.fullWidth)
                try publish(upTo: min(size, (start / width + 1) * width))
            }
            guard let tree else { throw LedgerError.unavailable("the published log was not taken up") }
            try writePartialTiles(of: tree, since: published?.checkpoint.size ?? 0)
            let checkpoint = Checkpoint(origin: key.verifier.name, size: size, root: tree.root)
            let bytes = checkpoint.signed(by: key).bytes
            try folder.write(bytes, to: .checkpoint)
            let published = stated(checkpoint, bytes)
            self.published = published
            return published
        }
    }

    /// The proof that leaf `index` is in what is published; `nil` while it is not.
    func proof(of index: UInt64) throws(LedgerError) -> LogProof? {
        guard let published, index < published.checkpoint.size else { return nil }
        return try attempt("proof") {
            try reading { connection in
                let reader = TileReader(size: published.checkpoint.size) { id throws(any Error) in
                    try LeafTable.tile(id, connection)
                }
                return LogProof(try reader.inclusionProof(of: index), checkpoint: published.bytes)
            }
        }
    }

    func close() {
        try? database?.close()
        database = nil
    }

    // MARK: - Files

    /// Takes the leaves up to `end`, which is within the bundle that is begun, and writes what is full by
    /// that.
    private func publish(upTo end: UInt64) throws {
        guard var tree else { return }
        let width = UInt64(TileID.fullWidth)
        let first = tree.size / width * width
        let entries = try reading { try LeafTable.leaves(first..<end, $0) }
        var full: [HashTile] = []
        for entry in entries.dropFirst(Int(tree.size - first)) { full += tree.append(.leaf(entry)) }
        guard let bundle = TileID(level: 0, holding: first, size: end) else { return }
        try folder.write(EntryBundle.encode(entries), to: .entries(bundle))
        for tile in full { try folder.write(tile.bytes, to: .tile(tile.id)) }
        for tile in full {
            try folder.removePartialForms(of: .tile(tile.id))
            if tile.id.level == 0 { try folder.removePartialForms(of: .entries(tile.id)) }
        }
        self.tree = tree
    }

    private func writePartialTiles(of tree: TiledTree, since old: UInt64) throws {
        for level in 0...TileID.highestLevel {
            let shift = UInt64(TileID.height * level)
            guard let tile = tree.partialTile(level: level), tree.size >> shift > old >> shift else {
                continue
            }
            try folder.write(tile.bytes, to: .tile(tile.id))
        }
    }

    /// Whether the newest files of the published tree are there; if they are not, all are written again.
    private func isComplete(_ tree: TiledTree) -> Bool {
        guard tree.size > 0, let last = TileID(level: 0, holding: tree.size - 1, size: tree.size) else {
            return true
        }
        guard folder.exists(.entries(last)) else { return false }
        return (0...TileID.highestLevel).allSatisfy { level in
            let count = tree.size >> UInt64(TileID.height * level)
            guard count > 0, let id = TileID(level: level, holding: count - 1, size: tree.size) else {
                return true
            }
            return folder.exists(.tile(id))
        }
    }

    private func writeKey() throws {
        let line = Array((key.verifier.text + "\n").utf8)
        guard try folder.read(.verifierKey) != line else { return }
        try folder.write(line, to: .verifierKey)
    }

    private func stated(_ checkpoint: Checkpoint, _ bytes: [UInt8]) -> PublishedCheckpoint {
        PublishedCheckpoint(checkpoint: checkpoint, bytes: bytes, verifierKey: key.verifier.text)
    }

    private func read(_ bytes: [UInt8]) throws -> Checkpoint {
        do {
            return try Checkpoint(verifying: bytes, with: key.verifier)
        } catch {
            throw LedgerError.unusable(
                "\(folder.path)/checkpoint is not signed by this ledger's key (\(error)): a log that was "
                    + "published under another key, or damaged, has to be moved away before a new one begins"
            )
        }
    }

    // MARK: - Reading

    private func reading<Value>(_ body: (Database) throws -> Value) throws -> Value {
        if let database { return try database.read(body) }
        let opened = try LedgerFile.openForReading(databasePath)
        database = opened
        return try opened.read(body)
    }

    private func attempt<Value>(_ what: String, _ body: () throws -> Value) throws(LedgerError) -> Value {
        do {
            return try body()
        } catch let error as LedgerError {
            throw error
        } catch {
            // A fresh connection may help.
            try? database?.close()
            database = nil
            throw .unavailable("\(what) failed: \(error)")
        }
    }
}
