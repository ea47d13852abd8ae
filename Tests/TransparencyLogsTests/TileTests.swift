import Primitives
import Testing
import TransparencyLogs

@Suite
struct TileTests {
    @Test func pathsAreThoseOfTheStandard() throws {
        let far = try #require(TileID(level: 0, index: 1_234_067))
        #expect(LogResource.tile(far).path == "tile/0/x001/x234/067")
        #expect(LogResource.entries(far).path == "tile/entries/x001/x234/067")
        let partial = try #require(TileID(level: 2, index: 5, width: 17))
        #expect(LogResource.tile(partial).path == "tile/2/005.p/17")
        #expect(LogResource.checkpoint.path == "checkpoint")
    }

    @Test func everyPathIsReadBack() throws {
        var random = SeededRandom(seed: 11)
        for _ in 0..<2000 {
            let level = Int.random(in: 0...7, using: &random)
            let bits = UInt64.random(in: 0...UInt64(max(0, 55 - 8 * level)), using: &random)
            let index = bits == 0 ? 0 : UInt64.random(in: 0..<1 << bits, using: &random)
            let width = Int.random(in: 1...256, using: &random)
            let id = try #require(TileID(level: level, index: index, width: width))
            for resource in [LogResource.tile(id), .entries(try #require(TileID(level: 0, index: index)))] {
                #expect(LogResource(path: resource.path) == resource, "\(resource.path)")
            }
        }
    }

    @Test(arguments: [
        "", "checkpoint/", "/checkpoint", "../checkpoint", "tile", "tile/", "tile/0", "tile/0/", "tile/0/1",
        "tile/0/0001", "tile/00/001", "tile/64/000", "tile/8/000", "tile/-1/000", "tile/+1/000",
        "tile/0/x001", "tile/0/001/067", "tile/0/x000/067", "tile/0/x1/067", "tile/0/001.p", "tile/0/001.p/",
        "tile/0/001.p/0", "tile/0/001.p/256", "tile/0/001.p/07", "tile/0/001.p/7/8", "tile/0/../001",
        "tile/0/x001/..", "tile/entries", "tile/entries/", "tile/entries/1", "tile/data/001", "tile/7/001",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999", "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/\u{0661}\u{0661}\u{0661}", "tile/0/001%2e", "ledger.sqlite", "ledger.key",
    ])
    func otherPathsNameNothing(_ path: String) {
        #expect(LogResource(path: path) == nil)
    }

    /// The standard's own examples, 70,000 and 256 leaves.
    @Test func treesHaveTheTilesOfTheStandard() {
        let tiles = TileID.tiles(from: 0, to: 70_000)
        #expect(tiles.count { $0.level == 0 && $0.isFull } == 273)
        let partial = tiles.filter { !$0.isFull }.map { [$0.level, $0.width] }
        #expect(partial == [[0, 112], [1, 17], [2, 1]])
        #expect(tiles.count { $0.level == 1 && $0.isFull } == 1)
        #expect(tiles.count == 277)
        let small = TileID.tiles(from: 0, to: 256)
        #expect(small.map { [$0.level, $0.width] } == [[0, 256], [1, 1]])
        #expect(TileID.tiles(from: 256, to: 256).isEmpty)
        #expect(TileID.tiles(from: 0, to: 0).isEmpty)
    }

    @Test func aGrowingTreeHandsOutEveryTileOnce() {
        var stored = StoredTree()
        var random = SeededRandom(seed: 5)
        for _ in 0..<1500 {
            let before = stored.tree.size
            stored.append(StoredTree.randomEntry(&random))
            for id in TileID.tiles(from: before, to: stored.tree.size) {
                let tile = stored.tile(id)
                #expect(HashTile(id, bytes: tile.bytes) == tile)
            }
        }
        #expect(stored.tiles.count == 5)
        for index in 0..<5 as Range<UInt64> {
            let hashes = stored.tiles.values.first { $0.id.index == index }?.hashes
            let leaves = stored.entries[Int(index) * 256..<Int(index + 1) * 256]
            #expect(hashes == leaves.map(MerkleHash.leaf))
        }
        #expect(
            stored.tree.partialTile(level: 1)?.hashes.first == NaiveTree.root(stored.entries[..<256])
        )
    }

    @Test func filesOfAnotherLengthAreNoTiles() throws {
        let id = try #require(TileID(level: 0, index: 0, width: 3))
        #expect(HashTile(id, bytes: [UInt8](repeating: 7, count: 96)) != nil)
        for count in [0, 32, 64, 95, 97, 128] {
            #expect(HashTile(id, bytes: [UInt8](repeating: 7, count: count)) == nil)
        }
    }

    @Test func bundlesAreReadBackAndNothingElseIs() {
        let entries = StoredTree.random(50, seed: 8).entries + [[UInt8](repeating: 1, count: 65_535)]
        let bytes = EntryBundle.encode(entries)
        #expect(EntryBundle.decode(bytes, count: 51) == entries)
        #expect(EntryBundle.decode(bytes, count: 50) == nil)
        #expect(EntryBundle.decode(bytes, count: 52) == nil)
        #expect(EntryBundle.decode(bytes.dropLast(), count: 51) == nil)
        #expect(EntryBundle.decode(bytes + [0], count: 51) == nil)
        #expect(EntryBundle.decode(bytes + [0, 0], count: 51) == nil)
        #expect(EntryBundle.decode([], count: 0) == [])
    }
}
