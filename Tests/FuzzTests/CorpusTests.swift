import Foundation
import FuzzBodies
import Testing

/// Replays the committed corpus of every fuzz target, as it is and mutated.
///
/// `TALLY_FUZZ_SECONDS=60 swift test --filter CorpusTests` goes on mutating for that long, for each target,
/// with seeds that begin where the clock stands; a failure names its seed.
@Suite struct CorpusTests {
    /// One file of a corpus.
    private struct Seed {
        let name: String
        let bytes: [UInt8]
    }

    /// What broke, with the bytes to add to the corpus.
    private struct Finding: Error, CustomStringConvertible {
        let description: String

        init(_ target: FuzzTarget, _ origin: String, _ bytes: [UInt8], _ invariant: BrokenInvariant) {
            description =
                "\(target.rawValue), \(origin): \(invariant); input \(Data(bytes).base64EncodedString())"
        }
    }

    /// Inputs that are kept because they were once taken wrongly, or must be refused, begin like this.
    private static let refusedPrefix = "refused-"

    private func corpus(_ target: FuzzTarget) throws -> [Seed] {
        let folder = try #require(Bundle.module.url(forResource: "Corpus", withExtension: nil))
            .appending(path: target.rawValue)
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
            .map { Seed(name: $0.lastPathComponent, bytes: Array(try Data(contentsOf: $0))) }
    }

    /// Mutations of a run: the dearer an input, the fewer, so that all targets take some seconds together.
    private func mutationCount(_ target: FuzzTarget) -> UInt64 {
        switch target {
        case .dtlsRecords: 60
        case .sdp: 150
        case .stun, .trickleFragment, .rtcp: 1_000
        default: 2_000
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func everySeedIsTakenOrRefusedAsItsNameSays(_ target: FuzzTarget) throws {
        let seeds = try corpus(target)
        #expect(seeds.count >= 3)
        for seed in seeds {
            do {
                let taken = try target.run(seed.bytes)
                #expect(taken != seed.name.hasPrefix(Self.refusedPrefix), "\(target.rawValue)/\(seed.name)")
            } catch {
                throw Finding(target, seed.name, seed.bytes, error)
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func everyPrefixOfASeedKeepsTheInvariants(_ target: FuzzTarget) throws {
        for seed in try corpus(target) {
            // Datagrams are cut everywhere; long texts and flights in about 40 places.
            let isCheap = target != .dtlsRecords && seed.bytes.count <= 1_500
            let step = isCheap ? 1 : max(1, seed.bytes.count / (target == .dtlsRecords ? 8 : 40))
            for count in stride(from: 0, to: seed.bytes.count, by: step) {
                try run(target, Array(seed.bytes[..<count]), origin: "\(seed.name), first \(count) bytes")
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func mutationsKeepTheInvariants(_ target: FuzzTarget) throws {
        let seeds = try corpus(target)
        let patience = ProcessInfo.processInfo.environment["TALLY_FUZZ_SECONDS"].flatMap(Double.init) ?? 0
        var taken = 0
        for number in 0..<mutationCount(target) {
            if try mutateAndRun(target, seeds, number: number) { taken += 1 }
        }
        // Mutations that are all refused at the first byte would test nothing.
        #expect(taken > 0)

        let start = Date()
        var number = UInt64(start.timeIntervalSince1970 * 1_000)
        while Date().timeIntervalSince(start) < patience {
            _ = try mutateAndRun(target, seeds, number: number)
            number += 1
        }
    }

    private func mutateAndRun(_ target: FuzzTarget, _ seeds: [Seed], number: UInt64) throws -> Bool {
        let seed = seeds[Int(number % UInt64(seeds.count))]
        let other = seeds[Int(number / UInt64(seeds.count) % UInt64(seeds.count))]
        var mutator = InputMutator(seed: number, isText: target.isText)
        let bytes = mutator.mutate(seed.bytes, mixingIn: other.bytes)
        return try run(target, bytes, origin: "\(seed.name) mutated with seed \(number)")
    }

    @discardableResult
    private func run(_ target: FuzzTarget, _ bytes: [UInt8], origin: String) throws -> Bool {
        do {
            return try target.run(bytes)
        } catch {
            throw Finding(target, origin, bytes, error)
        }
    }
}
