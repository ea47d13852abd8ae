import Testing
import TransparencyLogs

/// A published log, whole and damaged.
@Suite
struct LogVerificationTests {
    private let key: SigningKey
    private let stored = StoredTree.random(1000, seed: 12)
    private let files: [LogResource: [UInt8]]

    init() throws {
        let name = try #require(KeyName("relay.example/ledger"))
        key = try #require(SigningKey(name: name, seed: [UInt8](repeating: 7, count: 32)))
        files = Self.publish(stored)
    }

    private static func publish(_ stored: StoredTree) -> [LogResource: [UInt8]] {
        var files: [LogResource: [UInt8]] = [:]
        for id in TileID.tiles(from: 0, to: stored.tree.size) {
            files[.tile(id)] = stored.tile(id).bytes
            guard id.level == 0 else { continue }
            let first = Int(id.index) * TileID.fullWidth
            files[.entries(id)] = EntryBundle.encode(stored.entries[first..<first + id.width])
        }
        return files
    }

    private func checkpoint(_ stored: StoredTree) -> Checkpoint {
        Checkpoint(origin: key.verifier.name, size: stored.tree.size, root: stored.tree.root)
    }

    private func verify(
        _ files: [LogResource: [UInt8]],
        _ checkpoint: Checkpoint,
        since older: Checkpoint? = nil
    ) throws(LogVerification.Finding) {
        var verification = try LogVerification(checkpoint, extending: older)
        while let id = verification.nextBundle {
            try verification.take(entries: files[.entries(id)], tile: files[.tile(id)])
            for id in verification.nextTiles { try verification.take(tile: id, files[.tile(id)]) }
        }
        try verification.finish()
    }

    @Test func aWholeLogHolds() throws {
        try verify(files, checkpoint(stored))
        for size in [0, 1, 255, 256, 257, 700, 1000] {
            let older = StoredTree(Array(stored.entries.prefix(size)))
            try verify(files, checkpoint(stored), since: checkpoint(older))
        }
        try verify([:], checkpoint(StoredTree()))
    }

    @Test func aFlippedByteOfAnyKindOfFileIsFound() throws {
        let kinds: [(LogResource, Int)] = [
            (.tile(try #require(TileID(level: 0, index: 2))), 700),
            (.tile(try #require(TileID(level: 0, index: 3, width: 232))), 31),
            (.tile(try #require(TileID(level: 1, index: 0, width: 3))), 5),
            (.entries(try #require(TileID(level: 0, index: 1))), 5),
            (.entries(try #require(TileID(level: 0, index: 3, width: 232))), 0),
        ]
        for (resource, place) in kinds {
            var damaged = files
            let original = try #require(files[resource], "\(resource.path)")
            var bytes = original
            bytes[place] ^= 0x40
            damaged[resource] = bytes
            #expect(throws: LogVerification.Finding.self, "\(resource.path)") {
                try verify(damaged, checkpoint(stored))
            }
            damaged[resource] = nil
            #expect(throws: LogVerification.Finding.missing(resource)) {
                try verify(damaged, checkpoint(stored))
            }
            damaged[resource] = original.dropLast()
            #expect(throws: LogVerification.Finding.malformed(resource)) {
                try verify(damaged, checkpoint(stored))
            }
        }
    }

    @Test func aFlippedByteOfATileOfTilesIsFound() throws {
        let large = StoredTree.random(65_800, seed: 13)
        let signed = checkpoint(large)
        var damaged = Self.publish(large)
        try verify(damaged, signed)
        for id in [
            TileID(level: 1, index: 0), TileID(level: 1, index: 1, width: 1),
            TileID(level: 2, index: 0, width: 1),
        ] {
            let id = try #require(id)
            let whole = try #require(damaged[.tile(id)])
            damaged[.tile(id)] = whole.dropLast() + [whole[31] ^ 1]
            #expect(throws: LogVerification.Finding.tileDiffers(id)) { try verify(damaged, signed) }
            damaged[.tile(id)] = whole
        }
    }

    @Test func aDroppedLeafIsFound() {
        var fewer = stored.entries
        fewer.remove(at: 500)
        let without = StoredTree(fewer)
        let signed = Checkpoint(origin: key.verifier.name, size: 999, root: stored.tree.root)
        #expect(throws: LogVerification.Finding.rootDiffers(signed, found: without.tree.root)) {
            try verify(Self.publish(without), signed)
        }
        #expect(
            throws: LogVerification.Finding.shrunk(older: checkpoint(stored), checkpoint(without))
        ) { try verify(Self.publish(without), checkpoint(without), since: checkpoint(stored)) }
    }

    @Test func aForkIsFound() {
        var changed = stored.entries
        changed[500] = [1, 2, 3]
        let fork = StoredTree(changed)
        let older = StoredTree(Array(stored.entries.prefix(501)))
        let found = NaiveTree.root(changed[..<501])
        #expect(throws: LogVerification.Finding.forked(older: checkpoint(older), found: found)) {
            try verify(Self.publish(fork), checkpoint(fork), since: checkpoint(older))
        }
        #expect(throws: LogVerification.Finding.self) {
            try verify(files, checkpoint(stored), since: checkpoint(fork))
        }
    }
}
