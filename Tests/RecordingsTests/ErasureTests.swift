import Foundation
import RecordingSamples
import Recordings
import Testing

/// What was protected by a destroyed key is gone from every copy, and nothing else is.
@Suite struct ErasureTests {
    private let fixture: RecordingFixture

    init() throws { fixture = try RecordingFixture() }

    @Test(arguments: [true, false])
    func aCopyMadeBeforeTheErasureCannotBeReadAfterwards(_ isSealed: Bool) throws {
        let bob = RecordingID()
        try fixture.record(3, second: 1, seal: isSealed)
        let samples = try fixture.record(
            3,
            second: 1,
            seal: isSealed,
            path: fixture.folder.path(of: bob),
            id: bob,
            participant: "bob",
            seed: 2
        )
        let copy = fixture.root + "/copy"
        try FileManager.default.copyItem(atPath: fixture.folder.path, toPath: copy)
        let copied = try RecordingFolder(path: copy)
        #expect(try fixture.reader(copied.path(of: fixture.id)).segments.count == 3)

        let name = try fixture.name()
        try fixture.store.destroy(name)
        for folder in [fixture.folder, copied] {
            #expect(thrown { _ = try fixture.reader(folder.path(of: fixture.id)) } == .keyDestroyed(name))
            #expect(try content(of: fixture.reader(folder.path(of: bob))) == (0..<3).map(samples.segment))
        }
        // Neither does another key of the same name bring it back, nor does anybody continue the file.
        try fixture.store.create(name)
        #expect(thrown { _ = try fixture.reader() } == .keyDestroyed(name))
        let path = fixture.path
        let continued = thrown {
            _ = try RecordingFile(path: path, id: fixture.id, keys: fixture.store)
        }
        #expect(continued == .keyDestroyed(name))
    }

    @Test(arguments: [true, false])
    func anEpochUnderAnotherKeyOutlivesTheFirst(_ isSealed: Bool) throws {
        let samples = SampleSegments(seed: 1, longest: 40)
        let kept = try fixture.name("ada", .restricted)
        let destroyed = try fixture.name()
        for order in [[destroyed, kept], [kept, destroyed], [destroyed, kept, destroyed]] {
            let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
            for (index, name) in order.enumerated() {
                let purpose: RecordingKeyPurpose = name == kept ? .restricted : .ordinary
                try file.begin(
                    RecordingEpoch(number: UInt64(index), keyName: name, keyPurpose: purpose)
                )
                for number in (index * 2)..<(index * 2 + 2) { try file.append(samples.segment(number)) }
            }
            if isSealed { try file.seal() }
            try fixture.store.destroy(destroyed)
            let reader = try fixture.reader()
            #expect(reader.ending == (isSealed ? .sealed : .unfinished(tornBytes: 0)))
            #expect(reader.stretches.map { $0.isReadable } == order.map { $0 == kept })
            #expect(reader.stretches.map { $0.epoch.keyPurpose == .restricted } == order.map { $0 == kept })
            let numbers = (0..<order.count * 2).filter { order[$0 / 2] == kept }
            #expect(try content(of: reader) == numbers.map(samples.segment))
            #expect(reader.segments.map { $0.number } == numbers)
            try reader.verify(keys: fixture.store)
            try fixture.folder.remove(fixture.id)
        }
    }

    @Test func aClosedReaderReadsNothingMore() throws {
        try fixture.record(2)
        let reader = try fixture.reader()
        let entry = try #require(reader.segments.first)
        _ = try reader.segment(entry)
        reader.close()
        #expect(thrown { _ = try reader.segment(entry) } == .noSuchSegment(0))
    }

    @Test(arguments: [true, false])
    func aHoldMovesEveryKeyUnderItsOwn(_ isSealed: Bool) throws {
        let samples = try fixture.record(4, second: 2, seal: isSealed)
        let older = try fixture.bytes()
        let (ordinary, restricted) = (try fixture.name(), try fixture.name("ada", .restricted))
        func rewrap(_ name: RecordingKeyName, _ purpose: RecordingKeyPurpose) throws -> Int {
            try RecordingFile.rewrap(
                path: fixture.path,
                id: fixture.id,
                under: name,
                for: purpose,
                keys: fixture.store
            )
        }
        #expect(try rewrap(restricted, .restricted) == 2)
        #expect(try rewrap(restricted, .restricted) == 0)
        try fixture.store.destroy(ordinary)
        let held = try fixture.reader()
        #expect(try content(of: held) == (0..<4).map(samples.segment))
        #expect(held.stretches.map { $0.epoch.keyName } == [restricted, restricted])
        #expect(held.stretches.allSatisfy { $0.epoch.keyPurpose == .restricted })
        try held.verify(keys: fixture.store)
        let copy = fixture.path + ".older"
        try fixture.put(older, copy)
        #expect(thrown { _ = try fixture.reader(copy) } == .keyDestroyed(ordinary))
        #expect(try rewrap(ordinary, .ordinary) == 2)
        try fixture.store.destroy(restricted)
        #expect(try content(of: fixture.reader()) == (0..<4).map(samples.segment))
        #expect(fixture.isWhole())
    }

    @Test func aRewrappingThatWasInterruptedAnywhereLosesNothing() throws {
        let samples = try fixture.record(2)
        let before = try fixture.bytes()
        let restricted = try fixture.name("ada", .restricted)
        func rewrap() throws {
            _ = try RecordingFile.rewrap(
                path: fixture.path,
                id: fixture.id,
                under: restricted,
                for: .restricted,
                keys: fixture.store
            )
        }
        try rewrap()
        let after = try fixture.bytes()
        #expect(before.count == after.count)
        let changed = before.indices.filter { before[$0] != after[$0] }
        let (first, last) = (try #require(changed.first), try #require(changed.last))
        // The new slot is the second half of what changed: written so far, then the first emptied so far.
        let half = (first + last) / 2
        for place in stride(from: first, through: last, by: 13) {
            var written = before
            written[(half + 1)...last] = after[(half + 1)...last]
            if place > half {
                written[place...last] = before[place...last]
            } else {
                written[first...place] = after[first...place]
            }
            try fixture.put(written)
            #expect(try content(of: fixture.reader()) == (0..<2).map(samples.segment), "\(place)")
            try rewrap()
            #expect(try content(of: fixture.reader()) == (0..<2).map(samples.segment), "\(place)")
            #expect(fixture.isWhole(), "\(place)")
        }
    }
}
