import Testing
import TransparencyLogs

/// The tree of eight leaves that certificate transparency's implementations are checked with (RFC 6962).
@Suite
struct ReferenceVectorTests {
    private static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        [
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F,
        ],
    ]

    /// By number of leaves.
    private static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    struct Inclusion: Sendable {
        let index: UInt64
        let size: Int
        let hashes: [String]
    }

    struct Consistency: Sendable {
        let old: Int
        let size: Int
        let hashes: [String]
    }

    private static let leaf1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    private static let node2to3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
    private static let node4to7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
    private static let leaf4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    private static let node6to7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
    private static let node4to5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"

    private static let inclusions = [
        Inclusion(index: 0, size: 1, hashes: []),
        Inclusion(index: 0, size: 8, hashes: [leaf1, node2to3, node4to7]),
        Inclusion(index: 5, size: 8, hashes: [leaf4, node6to7, roots[4]]),
        Inclusion(index: 2, size: 3, hashes: [roots[2]]),
        Inclusion(index: 1, size: 5, hashes: [roots[1], node2to3, leaf4]),
    ]

    private static let consistencies = [
        Consistency(old: 1, size: 1, hashes: []),
        Consistency(old: 1, size: 8, hashes: [leaf1, node2to3, node4to7]),
        Consistency(old: 2, size: 5, hashes: [node2to3, leaf4]),
        Consistency(old: 2, size: 8, hashes: [node2to3, node4to7]),
        Consistency(old: 6, size: 8, hashes: [node4to5, node6to7, roots[4]]),
    ]

    @Test func treesHaveThePublishedRoots() {
        for count in 0...8 {
            let stored = StoredTree(Array(Self.leaves.prefix(count)))
            #expect(stored.tree.root.hexadecimal == Self.roots[count])
            #expect(stored.reader.root().hexadecimal == Self.roots[count])
        }
    }

    @Test(arguments: inclusions)
    func inclusionProofsAreThePublished(_ vector: Inclusion) throws {
        let stored = StoredTree(Array(Self.leaves.prefix(vector.size)))
        let proof = stored.reader.inclusionProof(of: vector.index)
        #expect(proof.hashes.map(\.hexadecimal) == vector.hashes)
        #expect(proof.proves(.leaf(Self.leaves[Int(vector.index)]), in: stored.tree.root))
    }

    @Test(arguments: consistencies)
    func consistencyProofsAreThePublished(_ vector: Consistency) throws {
        let stored = StoredTree(Array(Self.leaves.prefix(vector.size)))
        let proof = stored.reader.consistencyProof(from: UInt64(vector.old))
        #expect(proof.hashes.map(\.hexadecimal) == vector.hashes)
        let old = StoredTree(Array(Self.leaves.prefix(vector.old))).tree.root
        #expect(proof.proves(stored.tree.root, extends: old))
    }
}
