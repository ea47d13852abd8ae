import Foundation
import GRDB
import TransparencyLogs

/// The Merkle tree as tables: the bytes of every leaf, and every tile that is full.
enum LeafTable {
    /// Leaves there are.
    static func size(_ connection: Database) throws -> UInt64 {
        let last = try Int64.fetchOne(
            connection.cachedStatement(sql: "SELECT max(idx) FROM leaf")
        )
        return UInt64(last.map { $0 + 1 } ?? 0)
    }

    static func insert(_ bytes: [UInt8], at index: Int64, _ connection: Database) throws {
        try connection.cachedStatement(sql: "INSERT INTO leaf (idx, bytes) VALUES (?, ?)")
            .execute(arguments: [index, Data(bytes)])
    }

    static func insert(_ tile: HashTile, _ connection: Database) throws {
        try connection.cachedStatement(sql: "INSERT INTO tile (level, idx, root, hashes) VALUES (?, ?, ?, ?)")
            .execute(
                arguments: [
                    tile.id.level, Int64(tile.id.index),
                    Data(MerkleHash.complete(over: tile.hashes).bytes), Data(tile.bytes),
                ]
            )
    }

    /// The bytes of the leaves in `range`, all of which there are.
    static func leaves(_ range: Range<UInt64>, _ connection: Database) throws -> [[UInt8]] {
        let found = try Data.fetchAll(
            connection.cachedStatement(sql: "SELECT bytes FROM leaf WHERE idx >= ? AND idx < ? ORDER BY idx"),
            arguments: [Int64(range.lowerBound), Int64(range.upperBound)]
        )
        guard found.count == range.count else {
            throw LedgerError.unusable("leaves \(range.lowerBound) to \(range.upperBound) are not all there")
        }
        return found.map { [UInt8]($0) }
    }

    /// The tree as it was with `size` leaves.
    static func tree(_ connection: Database, size: UInt64) throws -> TiledTree {
        let width = UInt64(TileID.fullWidth)
        var edge = [try leaves(size - size % width..<size, connection).map(MerkleHash.leaf)]
        for level in 1...TileID.highestLevel {
            let end = size >> UInt64(TileID.height * level)
            guard end > 0 else { break }
            let roots = try Data.fetchAll(
                connection.cachedStatement(
                    sql: "SELECT root FROM tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"
                ),
                arguments: [level - 1, Int64(end - end % width), Int64(end)]
            )
            edge.append(roots.compactMap { MerkleHash(bytes: $0) })
        }
        guard let tree = TiledTree(size: size, edge: edge) else {
            throw LedgerError.unusable("the tiles of the ledger do not belong to \(size) leaves")
        }
        return tree
    }

    /// A tile of the tree with `size` leaves.
    static func tile(_ id: TileID, _ connection: Database) throws -> HashTile {
        var hashes: [MerkleHash] = []
        let first = id.index * UInt64(TileID.fullWidth)
        if id.isFull {
            let bytes = try Data.fetchOne(
                connection.cachedStatement(sql: "SELECT hashes FROM tile WHERE level = ? AND idx = ?"),
                arguments: [id.level, Int64(id.index)]
            )
            if let tile = HashTile(id, bytes: bytes.map { [UInt8]($0) } ?? []) { return tile }
        } else if id.level == 0 {
            hashes = try leaves(first..<first + UInt64(id.width), connection).map(MerkleHash.leaf)
        } else {
            hashes = try Data.fetchAll(
                connection.cachedStatement(
                    sql: "SELECT root FROM tile WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"
                ),
                arguments: [id.level - 1, Int64(first), Int64(first) + Int64(id.width)]
            ).compactMap { MerkleHash(bytes: $0) }
        }
        guard hashes.count == id.width else {
            throw LedgerError.unusable("the ledger has no \(LogResource.tile(id).path)")
        }
        return HashTile(id, hashes: hashes)
    }
}
