/// The proof that a leaf is in a tree: the hashes beside its way to the root, lowest first.
package struct InclusionProof: Sendable, Hashable {
    /// The leaf's place, from 0.
    package let index: UInt64
    /// Leaves of the tree.
    package let size: UInt64
    package let hashes: [MerkleHash]

    package init(index: UInt64, size: UInt64, hashes: [MerkleHash]) {
        self.index = index
        self.size = size
        self.hashes = hashes
    }

    /// The root that the proof leads to from `leaf`; `nil` if it has not the form of a proof (RFC 9162
    /// 2.1.3.2).
    package func root(from leaf: MerkleHash) -> MerkleHash? {
        guard index < size else { return nil }
        var (place, last) = (index, size - 1)
        var root = leaf
        for hash in hashes {
            guard last > 0 else { return nil }
            if place & 1 == 1 || place == last {
                root = .node(hash, root)
                while place & 1 == 0, place != 0 {
                    place >>= 1
                    last >>= 1
                }
            } else {
                root = .node(root, hash)
            }
            place >>= 1
            last >>= 1
        }
        return last == 0 ? root : nil
    }

    /// Whether it proves that `leaf` is in the tree with this root.
    package func proves(_ leaf: MerkleHash, in root: MerkleHash) -> Bool { self.root(from: leaf) == root }
}
