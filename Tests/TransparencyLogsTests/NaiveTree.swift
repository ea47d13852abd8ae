import Primitives
import TransparencyLogs

/// The definitions of RFC 6962 section 2.1 as they stand, recursive and over all leaves each time.
enum NaiveTree {
    static func root(_ leaves: ArraySlice<[UInt8]>) -> MerkleHash {
        switch leaves.count {
        case 0: return MerkleHash(sha256Of: [])
        case 1: return MerkleHash(sha256Of: [0] + leaves[leaves.startIndex])
        default:
            let middle = leaves.startIndex + split(leaves.count)
            return MerkleHash(sha256Of: [1] + root(leaves[..<middle]).bytes + root(leaves[middle...]).bytes)
        }
    }

    /// PATH(m, D[n]).
    static func path(_ index: Int, _ leaves: ArraySlice<[UInt8]>) -> [MerkleHash] {
        guard leaves.count > 1 else { return [] }
        let count = split(leaves.count)
        let middle = leaves.startIndex + count
        return index < count
            ? path(index, leaves[..<middle]) + [root(leaves[middle...])]
            : path(index - count, leaves[middle...]) + [root(leaves[..<middle])]
    }

    /// SUBPROOF(m, D[n], b).
    static func proof(_ old: Int, _ leaves: ArraySlice<[UInt8]>, isWhole: Bool = true) -> [MerkleHash] {
        guard old < leaves.count else { return isWhole ? [] : [root(leaves)] }
        let count = split(leaves.count)
        let middle = leaves.startIndex + count
        return old <= count
            ? proof(old, leaves[..<middle], isWhole: isWhole) + [root(leaves[middle...])]
            : proof(old - count, leaves[middle...], isWhole: false) + [root(leaves[..<middle])]
    }

    private static func split(_ count: Int) -> Int {
        var power = 1
        while power * 2 < count { power *= 2 }
        return power
    }
}

/// A tree with all of its tiles, as a log keeps them.
struct StoredTree {
    private(set) var tree = TiledTree()
    private(set) var tiles: [TileID: HashTile] = [:]
    private(set) var entries: [[UInt8]] = []

    init(_ entries: [[UInt8]] = []) {
        for entry in entries { append(entry) }
    }

    mutating func append(_ entry: [UInt8]) {
        entries.append(entry)
        for tile in tree.append(.leaf(entry)) { tiles[tile.id] = tile }
    }

    /// The tile of the tree as it is now.
    func tile(_ id: TileID) -> HashTile {
        if let tile = tiles[id] { return tile }
        guard let tile = tree.partialTile(level: id.level), tile.id == id else {
            fatalError("the tree has no tile \(id)")
        }
        return tile
    }

    var reader: TileReader<Never> { TileReader(size: tree.size) { tile($0) } }

    static func random(_ count: Int, seed: UInt64) -> StoredTree {
        var random = SeededRandom(seed: seed)
        return StoredTree((0..<count).map { _ in randomEntry(&random) })
    }

    static func randomEntry(_ random: inout SeededRandom) -> [UInt8] {
        let length = Int.random(in: 0...40, using: &random)
        return (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
}
