/// The proof that a tree is an older one with leaves added behind.
package struct ConsistencyProof: Sendable, Hashable {
    /// Leaves of the older tree.
    package let oldSize: UInt64
    /// Leaves of the newer tree.
    package let size: UInt64
    package let hashes: [MerkleHash]

    package init(oldSize: UInt64, size: UInt64, hashes: [MerkleHash]) {
        self.oldSize = oldSize
        self.size = size
        self.hashes = hashes
    }

    /// Whether it proves that the tree with `root` begins with the tree that had `oldRoot` (RFC 9162
    /// 2.1.4.2).
    package func proves(_ root: MerkleHash, extends oldRoot: MerkleHash) -> Bool {
        guard oldSize <= size else { return false }
        if oldSize == size { return hashes.isEmpty && root == oldRoot }
        if oldSize == 0 { return hashes.isEmpty && oldRoot == .emptyTree }
        var path = hashes[...]
        // The older tree is a complete subtree of the newer: its root is known and not repeated.
        if oldSize.nonzeroBitCount == 1 { path = [oldRoot] + path }
        guard let first = path.popFirst() else { return false }
        var (place, last) = (oldSize - 1, size - 1)
        while place & 1 == 1 {
            place >>= 1
            last >>= 1
        }
        var (old, new) = (first, first)
        for hash in path {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                old = .node(hash, old)
                new = .node(hash, new)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                new = .node(new, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 && old == oldRoot && new == root
    }
}
