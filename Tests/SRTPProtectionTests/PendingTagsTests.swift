import Primitives
import Testing

@testable import SRTPProtection

/// Tags that are made together are those that are made one by one, and only what was taken in gets one.
struct PendingTagsTests {
    private static let profile = SRTPProfile.aesCM128HMACSHA1Tag80
    private static let sizes = [0, 1, 15, 16, 17, 47, 48, 49, 63, 64, 65, 120, 255, 256, 257, 1_200, 1_440]

    private func packet(_ number: Int, size: Int, _ random: inout SeededRandom) -> PlainPacket {
        PlainPacket(
            extendedSequence: random.next() >> 16,
            source: UInt32(truncatingIfNeeded: random.next()),
            contributors: number % 2 == 0 ? number / 2 % 16 : 0,
            // With the fixed header and this, 12 to 100 bytes.
            extensionWords: number % 2 == 0 ? nil : number / 2 % 22,
            payload: random.bytes(size)
        )
    }

    /// Every size with headers of every length, by keys that take turns, some six times what waits at most.
    @Test(arguments: Suite.backends)
    func tagsOfManyKeysAndSizesAreThoseOfTheSinglePath(backend: CipherBackend) throws {
        var random = SeededRandom(seed: 3_711)
        let keys = try KeyPair.many(23, backend)
        let batch = TagBatch()
        var expected: [[UInt8]] = []
        for number in 0..<(6 * PendingTags.capacity + 5) {
            let size = Self.sizes[Int(random.next() % UInt64(Self.sizes.count))]
            let packet = packet(number, size: size, &random)
            let pair = keys[number % keys.count]
            batch.add(packet, by: pair.fast)
            expected.append(pair.reference.protect(packet))
        }
        let found = batch.finish()
        #expect(found == expected)
        #expect(!batch.isPending)
    }

    /// From one packet, past the fewest that go side by side, to more than any CPU has places for.
    @Test(arguments: Suite.backends)
    func anyNumberOfPacketsGetsItsTags(backend: CipherBackend) throws {
        var random = SeededRandom(seed: 80)
        let keys = try KeyPair.many(5, backend)
        for count in 1...70 {
            let batch = TagBatch()
            var expected: [[UInt8]] = []
            for number in 0..<count {
                let packet = packet(number, size: Int(random.next() % 1_441), &random)
                let pair = keys[number % keys.count]
                batch.add(packet, by: pair.fast)
                expected.append(pair.reference.protect(packet))
            }
            let found = batch.finish()
            #expect(found == expected, "\(count) packets")
        }
    }

    @Test(arguments: Suite.backends)
    func whatTheLibraryLeavesUndoneIsTaggedWithoutIt(backend: CipherBackend) throws {
        var random = SeededRandom(seed: 2)
        let keys = try KeyPair.many(3, backend)
        let batch = TagBatch()
        var expected: [[UInt8]] = []
        for number in 0..<40 {
            let packet = packet(number, size: Int(random.next() % 1_441), &random)
            let pair = keys[number % keys.count]
            batch.add(packet, by: pair.fast)
            expected.append(pair.reference.protect(packet))
        }
        batch.tags.writeEach()
        batch.checkGuard()
        let found = batch.packets
        #expect(found == expected)
        #expect(!batch.isPending)
    }

    /// Should a tag be forgotten, what leaves is a packet that nobody takes, and not the media.
    @Test(arguments: Suite.backends)
    func onlyTheTagIsMissingBefore(backend: CipherBackend) throws {
        let pair = try KeyPair(backend, seed: 1)
        let packet = PlainPacket(extendedSequence: 5, payload: [UInt8](repeating: 0x55, count: 1_200))
        let expected = pair.reference.protect(packet)
        let batch = TagBatch()
        batch.add(packet, by: pair.fast)
        let before = try #require(batch.packets.first)
        #expect(before.dropLast(Self.profile.tagLength) == expected.dropLast(Self.profile.tagLength))
        let after = batch.finish()
        #expect(after == [expected])
    }

    @Test(arguments: Suite.backends)
    func keysMayGoBeforeTheTagsAreWritten(backend: CipherBackend) throws {
        let batch = TagBatch()
        var expected: [[UInt8]] = []
        for number in 0..<20 {
            let pair = try KeyPair(backend, seed: number + 1)
            let packet = PlainPacket(extendedSequence: UInt64(number), payload: Array(0..<200))
            batch.add(packet, by: pair.fast)
            expected.append(pair.reference.protect(packet))
        }
        let found = batch.finish()
        #expect(found == expected)
    }

    @Test(arguments: Suite.backends, [1, 50])
    func discardedPacketsAreNotTouchedAgain(backend: CipherBackend, count: Int) throws {
        let sender = try Suite(profile: Self.profile, backend: backend).outbound()
        let batch = TagBatch()
        for number in 0..<count {
            batch.add(PlainPacket(extendedSequence: UInt64(number), payload: [1, 2, 3]), by: sender)
        }
        batch.tags.discard()
        batch.overwrite()
        #expect(!batch.isPending)
        let found = batch.finish()
        #expect(found.allSatisfy { $0.allSatisfy { $0 == 0xEE } })
    }

    @Test(arguments: Suite.backends)
    func writtenAndNotTakenInLeavesNothing(backend: CipherBackend) throws {
        let suite = Suite(profile: Self.profile, backend: backend)
        let sender = try suite.outbound()
        let batch = TagBatch()
        let lost = PlainPacket(extendedSequence: 1, payload: [UInt8](repeating: 1, count: 1_000))
        let kept = PlainPacket(extendedSequence: 2, payload: [UInt8](repeating: 2, count: 90))
        _ = batch.write(lost, by: sender)
        #expect(!batch.isPending)
        batch.overwrite()
        batch.add(kept, by: sender)
        let found = batch.finish()
        let expected = sender.protect(kept)
        #expect(found == [expected])
    }

    @Test(arguments: Suite.backends)
    func galoisCounterModeLeavesNothingPending(backend: CipherBackend) throws {
        let sender = try Suite(profile: .aeadAES128GCM, backend: backend).outbound()
        let packet = PlainPacket(extendedSequence: 9, payload: Array(0..<100))
        let batch = TagBatch()
        batch.add(packet, by: sender)
        #expect(!batch.isPending)
        let found = batch.packets
        let expected = sender.protect(packet)
        #expect(found == [expected])
    }
}

/// One viewer's keys on the back end in question, and on the one that tags each packet by itself.
private final class KeyPair {
    let fast: OutboundProtection
    let reference: OutboundProtection

    init(_ backend: CipherBackend, seed: Int) throws {
        let profile = SRTPProfile.aesCM128HMACSHA1Tag80
        fast = try Suite(profile: profile, backend: backend).outbound(seed: UInt64(seed))
        reference = try Suite(profile: profile, backend: .portable).outbound(seed: UInt64(seed))
    }

    static func many(_ count: Int, _ backend: CipherBackend) throws -> [KeyPair] {
        try (1...count).map { try KeyPair(backend, seed: $0) }
    }
}
