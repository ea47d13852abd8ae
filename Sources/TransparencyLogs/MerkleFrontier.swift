/// The complete subtrees that a growing tree is made of, largest first: all that the root depends on.
package struct MerkleFrontier: Sendable, Hashable {
    private struct Subtree: Sendable, Hashable {
        let hash: MerkleHash
        /// Binary levels above the leaves.
        let height: Int
    }

    private var subtrees: [Subtree] = []
    /// Leaves so far.
    package private(set) var size = 0 as UInt64

    package init() {}

    /// Adds one leaf.
    package mutating func append(_ leaf: MerkleHash) {
        append(leaf, height: 0)
    }

    /// Adds the complete subtree of 2^`height` leaves; the tree so far ends where such a subtree may begin.
    package mutating func append(_ subtree: MerkleHash, height: Int) {
        precondition((0..<63).contains(height), "no tree is \(height) high")
        precondition(size & (1 << UInt64(height) - 1) == 0, "a subtree begins at a multiple of its size")
        var added = Subtree(hash: subtree, height: height)
        while let last = subtrees.last, last.height == added.height {
            subtrees.removeLast()
            added = Subtree(hash: .node(last.hash, added.hash), height: added.height + 1)
        }
        subtrees.append(added)
        size += 1 << UInt64(height)
    }

    /// The hash of the tree.
    package var root: MerkleHash {
        guard var hash = subtrees.last?.hash else { return .emptyTree }
        for subtree in subtrees.dropLast().reversed() { hash = .node(subtree.hash, hash) }
        return hash
    }
}
