/// A tile and its hashes.
package struct HashTile: Sendable, Hashable {
    package let id: TileID
    package let hashes: [MerkleHash]

    /// As many hashes as the tile is wide.
    package init(_ id: TileID, hashes: [MerkleHash]) {
        precondition(hashes.count == id.width, "\(hashes.count) hashes in a tile of \(id.width)")
        self.id = id
        self.hashes = hashes
    }

    /// Reads a tile's file; `nil` if its length is not the tile's.
    package init?(_ id: TileID, bytes: [UInt8]) {
        guard bytes.count == id.width * MerkleHash.byteCount else { return nil }
        var hashes: [MerkleHash] = []
        hashes.reserveCapacity(id.width)
        for start in stride(from: 0, to: bytes.count, by: MerkleHash.byteCount) {
            guard let hash = MerkleHash(bytes: bytes[start..<start + MerkleHash.byteCount]) else {
                return nil
            }
            hashes.append(hash)
        }
        self.init(id, hashes: hashes)
    }

    /// The tile's file.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hashes.count * MerkleHash.byteCount)
        for hash in hashes { hash.append(to: &bytes) }
        return bytes
    }
}
