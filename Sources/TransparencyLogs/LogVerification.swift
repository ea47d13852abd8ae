/// Verifies a whole published log against its checkpoint: every bundle, every tile, the root, an older one.
///
/// Bytes come in, findings go out.
package struct LogVerification: Sendable {
    /// What does not hold.
    package enum Finding: Error, Sendable, Hashable {
        /// The file is missing.
        case missing(LogResource)
        /// The file has another length or other contents than its place demands.
        case malformed(LogResource)
        /// The entry's hash is not the one in its tile.
        case entryDiffers(index: UInt64)
        /// The tile's hashes are not those of the tree below it.
        case tileDiffers(TileID)
        /// The tiles hold together, and do not lead to the root that was signed.
        case rootDiffers(Checkpoint, found: MerkleHash)
        /// Both checkpoints are signed, and the older is not of a log that could grow into this one.
        case forked(older: Checkpoint, found: MerkleHash)
        /// The log has fewer leaves than it once had.
        case shrunk(older: Checkpoint, Checkpoint)
    }

    package let checkpoint: Checkpoint
    private let older: Checkpoint?
    private var tree = TiledTree()
    private var olderRoot: MerkleHash?
    /// Full tiles above level 0 that are still to be compared with their files.
    private var pending: [HashTile] = []

    /// Both checkpoints have been verified against the log's key.
    package init(_ checkpoint: Checkpoint, extending older: Checkpoint? = nil) throws(Finding) {
        if let older, older.size > checkpoint.size { throw .shrunk(older: older, checkpoint) }
        self.checkpoint = checkpoint
        self.older = older
        noteOlderRoot()
    }

    /// The next tile of level 0 whose entries are wanted; `nil` when there are no more.
    package var nextBundle: TileID? { TileID(level: 0, holding: tree.size, size: checkpoint.size) }

    /// Takes the files of `nextBundle`; answers the entries in them.
    @discardableResult
    package mutating func take(entries: [UInt8]?, tile: [UInt8]?) throws(Finding) -> [[UInt8]] {
        guard let id = nextBundle else { preconditionFailure("all bundles are taken") }
        guard let entries else { throw .missing(.entries(id)) }
        guard let tile else { throw .missing(.tile(id)) }
        guard let list = EntryBundle.decode(entries, count: id.width) else { throw .malformed(.entries(id)) }
        guard let hashes = HashTile(id, bytes: tile)?.hashes else { throw .malformed(.tile(id)) }
        for (entry, hash) in zip(list, hashes) {
            let leaf = MerkleHash.leaf(entry)
            guard leaf == hash else { throw .entryDiffers(index: tree.size) }
            pending += tree.append(leaf).filter { $0.id.level > 0 }
            noteOlderRoot()
        }
        return list
    }

    /// The tiles above level 0 whose files are wanted now.
    package var nextTiles: [TileID] {
        guard nextBundle == nil else { return pending.map(\.id) }
        return (pending + partialTiles).map(\.id)
    }

    /// Takes the file of one of `nextTiles`.
    package mutating func take(tile id: TileID, _ bytes: [UInt8]?) throws(Finding) {
        let wanted = (pending + partialTiles).first { $0.id == id }
        guard let bytes else { throw .missing(.tile(id)) }
        guard let found = HashTile(id, bytes: bytes) else { throw .malformed(.tile(id)) }
        guard found == wanted else { throw .tileDiffers(id) }
        pending.removeAll { $0.id == id }
    }

    /// The last word, when all bundles and tiles have been taken.
    package func finish() throws(Finding) {
        precondition(nextBundle == nil && pending.isEmpty, "not all of the log has been taken")
        let root = tree.root
        guard root == checkpoint.root else { throw .rootDiffers(checkpoint, found: root) }
        if let older, let olderRoot, olderRoot != older.root { throw .forked(older: older, found: olderRoot) }
    }

    private var partialTiles: [HashTile] {
        (1...TileID.highestLevel).compactMap { tree.partialTile(level: $0) }
    }

    private mutating func noteOlderRoot() {
        if tree.size == older?.size { olderRoot = tree.root }
    }
}
