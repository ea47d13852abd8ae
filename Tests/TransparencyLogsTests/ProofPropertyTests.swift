import Primitives
import Testing
import TransparencyLogs

/// Trees and proofs against the definitions, and proofs that must not convince.
@Suite
struct ProofPropertyTests {
    @Test func agreesWithTheDefinitionForEverySmallTree() {
        let all = StoredTree.random(40, seed: 1).entries
        for size in 0...all.count {
            let stored = StoredTree(Array(all.prefix(size)))
            let leaves = all[..<size]
            #expect(stored.tree.root == NaiveTree.root(leaves))
            for index in 0..<size {
                #expect(
                    stored.reader.inclusionProof(of: UInt64(index)).hashes == NaiveTree.path(index, leaves)
                )
            }
            for old in 1..<max(1, size) {
                #expect(
                    stored.reader.consistencyProof(from: UInt64(old)).hashes == NaiveTree.proof(old, leaves)
                )
            }
        }
    }

    /// Around the sizes at which tiles become full, with more than one level of them.
    @Test(arguments: [255, 256, 257, 511, 512, 1000, 65_793])
    func agreesWithTheDefinitionAroundFullTiles(_ size: Int) throws {
        let stored = StoredTree.random(size, seed: UInt64(size))
        let leaves = stored.entries[...]
        let root = stored.tree.root
        #expect(root == NaiveTree.root(leaves))
        var random = SeededRandom(seed: 7)
        for _ in 0..<3 {
            let index = Int.random(in: 0..<size, using: &random)
            let proof = stored.reader.inclusionProof(of: UInt64(index))
            #expect(proof.proves(.leaf(leaves[index]), in: root))
            let old = Int.random(in: 1..<size, using: &random)
            let oldRoot = NaiveTree.root(leaves[..<old])
            #expect(stored.reader.root(at: UInt64(old)) == oldRoot)
            #expect(stored.reader.consistencyProof(from: UInt64(old)).proves(root, extends: oldRoot))
        }
    }

    @Test func aTreeTakenUpAgainGrowsTheSame() throws {
        var whole = StoredTree()
        var random = SeededRandom(seed: 3)
        for size in 1...700 as ClosedRange<UInt64> {
            whole.append(StoredTree.randomEntry(&random))
            let edge = (0...7).map { whole.tree.partialTile(level: $0)?.hashes ?? [] }
            let again = try #require(TiledTree(size: size, edge: edge))
            #expect(again.root == whole.tree.root)
            #expect(TiledTree(size: size + 1, edge: edge) == nil)
        }
    }

    @Test func proofsOfSomethingElseDoNotConvince() {
        let count = 33
        let stored = StoredTree.random(count, seed: 9)
        let roots = (0...count).map { NaiveTree.root(stored.entries[..<$0]) }
        for size in 2...count {
            let tree = StoredTree(Array(stored.entries.prefix(size)))
            for index in 0..<UInt64(size) {
                let proof = tree.reader.inclusionProof(of: index)
                let leaf = MerkleHash.leaf(stored.entries[Int(index)])
                #expect(proof.proves(leaf, in: roots[size]))
                for wrong in Self.variants(proof.hashes) {
                    let forged = InclusionProof(index: index, size: proof.size, hashes: wrong)
                    #expect(!forged.proves(leaf, in: roots[size]))
                }
                for other in [index &- 1, index + 1, proof.size, .max] {
                    let forged = InclusionProof(index: other, size: proof.size, hashes: proof.hashes)
                    #expect(!forged.proves(leaf, in: roots[size]), "\(index) as \(other) of \(size)")
                }
                #expect(!proof.proves(.leaf([1, 2, 3]), in: roots[size]))
                #expect(!proof.proves(leaf, in: roots[size - 1]))
            }
            for old in 1..<size {
                let proof = tree.reader.consistencyProof(from: UInt64(old))
                #expect(proof.proves(roots[size], extends: roots[old]))
                #expect(!proof.proves(roots[size - 1], extends: roots[old]) || size - 1 == old)
                #expect(!proof.proves(roots[size], extends: roots[old - 1]))
                for wrong in Self.variants(proof.hashes) {
                    let forged = ConsistencyProof(oldSize: UInt64(old), size: UInt64(size), hashes: wrong)
                    #expect(!forged.proves(roots[size], extends: roots[old]))
                }
            }
        }
    }

    @Test func proofsWithoutLeavesAndOfTheSameTreeAreEmpty() {
        let stored = StoredTree.random(5, seed: 2)
        let root = stored.tree.root
        #expect(stored.reader.consistencyProof(from: 0).proves(root, extends: .emptyTree))
        #expect(!stored.reader.consistencyProof(from: 0).proves(root, extends: root))
        #expect(stored.reader.consistencyProof(from: 5).proves(root, extends: root))
        #expect(!ConsistencyProof(oldSize: 5, size: 5, hashes: [root]).proves(root, extends: root))
        #expect(!ConsistencyProof(oldSize: 6, size: 5, hashes: []).proves(root, extends: root))
        #expect(!InclusionProof(index: 0, size: 0, hashes: []).proves(root, in: root))
        #expect(!InclusionProof(index: 0, size: .max, hashes: [root]).proves(root, in: root))
    }

    /// The hashes with one changed, missing, doubled or added.
    private static func variants(_ hashes: [MerkleHash]) -> [[MerkleHash]] {
        let alien = MerkleHash(sha256Of: [42])
        var found = [hashes + [alien], [alien] + hashes]
        for place in hashes.indices {
            var (changed, missing, doubled) = (hashes, hashes, hashes)
            changed[place] = alien
            missing.remove(at: place)
            doubled.insert(hashes[place], at: place)
            found += [changed, missing, doubled]
        }
        return found
    }
}
