/// Makes proofs about a tree of `size` leaves out of its tiles, wherever they are kept.
package struct TileReader<Failure: Error> {
    /// Leaves of the tree.
    package let size: UInt64
    private let tile: (TileID) throws(Failure) -> HashTile

    /// `tile` answers the tile that it is asked for, with its hashes in a tree of `size` leaves.
    package init(size: UInt64, tile: @escaping (TileID) throws(Failure) -> HashTile) {
        self.size = size
        self.tile = tile
    }

    /// The hash of the tree.
    package func root() throws(Failure) -> MerkleHash { try hash(of: 0..<size) }

    /// The hash of the tree when it had `size` leaves.
    package func root(at size: UInt64) throws(Failure) -> MerkleHash {
        precondition(size <= self.size, "the tree has \(self.size) leaves")
        return try hash(of: 0..<size)
    }

    /// The proof that leaf `index` is in the tree (RFC 6962 section 2.1.1).
    package func inclusionProof(of index: UInt64) throws(Failure) -> InclusionProof {
        precondition(index < size, "leaf \(index) of \(size)")
        var hashes: [MerkleHash] = []
        var range = 0..<size
        while range.count > 1 {
            let middle = Self.split(range)
            if index < middle {
                hashes.append(try hash(of: middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                hashes.append(try hash(of: range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return InclusionProof(index: index, size: size, hashes: hashes.reversed())
    }

    /// The proof that the tree's first `old` leaves are those of the tree it was (RFC 6962 section 2.1.2).
    package func consistencyProof(from old: UInt64) throws(Failure) -> ConsistencyProof {
        precondition(old <= size, "the tree has \(size) leaves")
        var hashes: [MerkleHash] = []
        if old > 0, old < size {
            var range = 0..<size
            var isOldTree = true
            while old != range.upperBound {
                let middle = Self.split(range)
                if old <= middle {
                    hashes.append(try hash(of: middle..<range.upperBound))
                    range = range.lowerBound..<middle
                } else {
                    hashes.append(try hash(of: range.lowerBound..<middle))
                    range = middle..<range.upperBound
                    isOldTree = false
                }
            }
            if !isOldTree { hashes.append(try hash(of: range)) }
        }
        return ConsistencyProof(oldSize: old, size: size, hashes: hashes.reversed())
    }

    /// Where RFC 6962 divides a subtree: at the largest power of two below its size.
    private static func split(_ range: Range<UInt64>) -> UInt64 {
        let count = range.upperBound - range.lowerBound
        return range.lowerBound + 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }

    private func hash(of range: Range<UInt64>) throws(Failure) -> MerkleHash {
        guard !range.isEmpty else { return .emptyTree }
        let count = range.upperBound - range.lowerBound
        guard count.nonzeroBitCount == 1, range.lowerBound % count == 0 else {
            let middle = Self.split(range)
            return .node(
                try hash(of: range.lowerBound..<middle),
                try hash(of: middle..<range.upperBound)
            )
        }
        // A complete subtree: within one tile, 2^rest of its hashes.
        let height = count.trailingZeroBitCount
        let level = height / TileID.height
        let rest = height % TileID.height
        let offset = range.lowerBound >> UInt64(TileID.height * level)
        guard let id = TileID(level: level, holding: offset, size: size) else {
            preconditionFailure("leaves \(range) of \(size)")
        }
        let found = try tile(id)
        precondition(found.id == id, "asked for \(id), given \(found.id)")
        let first = Int(offset % UInt64(TileID.fullWidth))
        return .complete(over: found.hashes[first..<first + 1 << rest])
    }
}
