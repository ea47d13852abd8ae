/// Which tile of a tree: 256 consecutive hashes of one level, fewer at the right edge (C2SP tlog-tiles).
///
/// Bundles of entries are counted like the tiles of level 0.
package struct TileID: Sendable, Hashable {
    /// Hashes of a full tile.
    package static let fullWidth = 256
    /// Binary levels that a tile spans.
    package static let height = 8
    /// Above it no tree of 2^63 leaves has tiles.
    package static let highestLevel = 7

    package let level: Int
    package let index: UInt64
    /// Hashes in it: 1 to 256.
    package let width: Int

    /// `nil` if no tree of fewer than 2^63 leaves has this tile.
    package init?(level: Int, index: UInt64, width: Int = TileID.fullWidth) {
        guard (0...Self.highestLevel).contains(level), (1...Self.fullWidth).contains(width),
            // Fewer than 2^63 leaves: at most 2^(63 - 8 level) hashes in tiles of 2^8; one tile at the top.
            index < max(1, 1 << (55 - Self.height * level))
        else { return nil }
        self.init(unchecked: level, index, width)
    }

    private init(unchecked level: Int, _ index: UInt64, _ width: Int) {
        self.level = level
        self.index = index
        self.width = width
    }

    package var isFull: Bool { width == Self.fullWidth }

    /// The tile that holds hash `offset` of `level` in a tree of `size` leaves; `nil` if the tree has none.
    package init?(level: Int, holding offset: UInt64, size: UInt64) {
        guard (0...Self.highestLevel).contains(level) else { return nil }
        let hashes = size >> UInt64(Self.height * level)
        guard offset < hashes else { return nil }
        let index = offset / UInt64(Self.fullWidth)
        let width = min(UInt64(Self.fullWidth), hashes - index * UInt64(Self.fullWidth))
        self.init(unchecked: level, index, Int(width))
    }

    /// The tiles that a tree of `size` leaves has and a tree of its first `old` leaves lacks, by level.
    package static func tiles(from old: UInt64, to size: UInt64) -> [TileID] {
        var found: [TileID] = []
        for level in 0...highestLevel {
            let shift = UInt64(height * level)
            let (before, after) = (old >> shift, size >> shift)
            guard after > 0 else { break }
            guard after > before else { continue }
            for index in before / UInt64(fullWidth)...(after - 1) / UInt64(fullWidth) {
                let width = min(UInt64(fullWidth), after - index * UInt64(fullWidth))
                found.append(TileID(unchecked: level, index, Int(width)))
            }
        }
        return found
    }
}
