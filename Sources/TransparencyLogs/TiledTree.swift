/// A growing Merkle tree that keeps its right edge only and hands out every tile as it becomes full.
package struct TiledTree: Sendable, Hashable {
    /// Leaves so far.
    package private(set) var size = 0 as UInt64
    /// The hashes behind the last full tile, by level; a level holds 0 to 255.
    private var edge: [[MerkleHash]] = []

    package init() {}

    /// A tree of `size` leaves again, from its partial tiles by level; `nil` if they are not of such a tree.
    package init?(size: UInt64, edge: [[MerkleHash]]) {
        guard size < 1 << 63, edge.count <= TileID.highestLevel + 1 else { return nil }
        for level in 0...TileID.highestLevel {
            let held = level < edge.count ? edge[level].count : 0
            guard held == Self.partialWidth(level: level, size: size) else { return nil }
        }
        self.size = size
        self.edge = edge
    }

    /// Hashes of the partial tile at `level` in a tree of `size` leaves: 0 to 255.
    package static func partialWidth(level: Int, size: UInt64) -> Int {
        Int(size >> UInt64(TileID.height * level) % UInt64(TileID.fullWidth))
    }

    /// Adds a leaf; answers the tiles that are full now, lowest level first.
    package mutating func append(_ leaf: MerkleHash) -> [HashTile] {
        precondition(size < 1 << 62, "a tree of 2^62 leaves")
        size += 1
        var full: [HashTile] = []
        var carried = leaf as MerkleHash?
        var level = 0
        while let hash = carried {
            carried = nil
            if level == edge.count { edge.append([]) }
            edge[level].append(hash)
            if edge[level].count == TileID.fullWidth {
                let index = size >> UInt64(TileID.height * (level + 1)) - 1
                guard let id = TileID(level: level, index: index) else {
                    preconditionFailure("\(size) leaves")
                }
                full.append(HashTile(id, hashes: edge[level]))
                carried = .complete(over: edge[level])
                edge[level].removeAll(keepingCapacity: true)
                level += 1
            }
        }
        return full
    }

    /// The tile at the right edge of `level` that is not full; `nil` if there is none.
    package func partialTile(level: Int) -> HashTile? {
        guard level < edge.count, !edge[level].isEmpty,
            let id = TileID(
                level: level,
                index: size >> UInt64(TileID.height * (level + 1)),
                width: edge[level].count
            )
        else { return nil }
        return HashTile(id, hashes: edge[level])
    }

    /// The complete subtrees that the tree is made of.
    package var frontier: MerkleFrontier {
        var frontier = MerkleFrontier()
        for level in edge.indices.reversed() {
            for hash in edge[level] { frontier.append(hash, height: TileID.height * level) }
        }
        return frontier
    }

    /// The hash of the tree.
    package var root: MerkleHash { frontier.root }
}
