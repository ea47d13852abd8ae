import Foundation
import Primitives
import RecordingSamples
import Recordings
import Testing

/// Whoever changes, cuts, moves or mixes bytes of recordings is found out.
@Suite struct ForgeryTests {
    private let fixture: RecordingFixture

    init() throws { fixture = try RecordingFixture() }

    private func records(_ bytes: [UInt8]) -> [Range<Int>] { RecordingLayout(bytes).records }

    private func write(_ parts: [ArraySlice<UInt8>]) throws { try fixture.put(Array(parts.joined())) }

    /// The error that opening or reading through gives.
    private func complaint() -> RecordingError? {
        thrown { try fixture.reader().verify(keys: fixture.store) }
    }

    @Test(arguments: [true, false])
    func aFlippedBitAnywhereIsNoticed(_ isSealed: Bool) throws {
        try fixture.record(4, second: 2, longest: 8, seal: isSealed)
        var bytes = try fixture.bytes()
        #expect(fixture.isWhole())
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.path))
        var unnoticed: [Int] = []
        for place in bytes.indices {
            // Another bit at each byte, and all of the first bytes, where the format's own fields are.
            for bit in place < 48 ? Array(0..<8) : [place % 8] {
                bytes[place] ^= 1 << bit
                try file.seek(toOffset: UInt64(place))
                try file.write(contentsOf: [bytes[place]])
                if fixture.isWhole() { unnoticed.append(place) }
                bytes[place] ^= 1 << bit
                try file.seek(toOffset: UInt64(place))
                try file.write(contentsOf: [bytes[place]])
            }
        }
        #expect(unnoticed == [])
        #expect(fixture.isWhole())
    }

    @Test func aFlippedBitInOneSegmentLeavesTheOthersReadable() throws {
        let samples = try fixture.record(6, longest: 2000)
        let entries = try fixture.reader().segments
        var bytes = try fixture.bytes()
        let place = records(bytes)[1 + 3].upperBound - 100
        bytes[place] ^= 4
        try fixture.put(bytes)
        let reader = try fixture.reader()
        #expect(reader.ending == .sealed)
        for entry in entries where entry.number != 3 {
            #expect(try reader.segment(entry) == samples.segment(entry.number))
        }
        #expect(thrown { _ = try reader.segment(entries[3]) }?.isForged == true)
        #expect(complaint()?.isForged == true)
    }

    @Test func damageInAnUnfinishedFileIsNoTornEnd() throws {
        try fixture.record(6, seal: false)
        var bytes = try fixture.bytes()
        let third = records(bytes)[3]
        // The length: as if the segment went on past the end of the file.
        bytes[third.lowerBound + 5] ^= 0xFF
        try fixture.put(bytes)
        let reader = try fixture.reader()
        #expect(reader.ending == .damaged(atByte: UInt64(third.lowerBound)))
        #expect(reader.segments.count == 2)
        let file = thrown { _ = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store) }
        #expect(file == .forged(atByte: UInt64(third.lowerBound)))
        #expect(try fixture.bytes() == bytes)
    }

    @Test(arguments: [true, false])
    func swappedRepeatedAndMissingSegmentsAreRefused(_ isSealed: Bool) throws {
        // Of equal sizes, so that only what binds them tells them apart.
        try fixture.record(5, longest: 1, seal: isSealed)
        let bytes = try fixture.bytes()
        let parts = records(bytes)
        let head = bytes[..<parts[1].lowerBound]
        let segments = parts[1...5].map { bytes[$0] }
        let rest = bytes[parts[5].upperBound...]
        try #require(Set(segments.map(\.count)).count == 1)
        func assemble(_ order: [Int]) throws -> RecordingError? {
            try write([head] + order.map { segments[$0] } + [rest])
            return complaint()
        }
        #expect(try assemble([0, 1, 2, 3, 4]) == nil)
        for order in [
            [1, 0, 2, 3, 4], [0, 1, 2, 4, 3], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3], [0, 1, 3, 4, 4],
        ] {
            #expect(try assemble(order)?.isForged == true, "\(order)")
        }
        for order in [[0, 1, 3, 4], [1, 2, 3, 4], [0, 1, 2, 3, 4, 4], [0, 0, 1, 2, 3, 4]] {
            #expect(try assemble(order)?.isForged == true, "\(order)")
        }
        // What an attacker can do is to cut the end off a file, and then it no longer says that it is whole.
        try write([head] + [0, 1, 2].map { segments[$0] })
        #expect(try fixture.reader().ending == .unfinished(tornBytes: 0))
    }

    @Test func renumberedSegmentsAreRefused() throws {
        // Numbers and their checks are no secret, so that anybody can write them.
        try fixture.record(3, longest: 1, seal: false)
        let layout = RecordingLayout(try fixture.bytes())
        func assemble(_ order: [Int]) throws {
            let segments = order.enumerated().map { number, segment in
                RecordingLayout.renumbered(layout[1 + segment], UInt32(number), header: layout.header)[...]
            }
            try write([layout.header, layout[0]] + segments)
        }
        try assemble([0, 1, 2])
        #expect(complaint() == nil)
        for order in [[1, 0, 2], [0, 2, 1], [0, 0, 1], [0, 2]] {
            try assemble(order)
            #expect(complaint()?.isForged == true, "\(order)")
            guard case .damaged = try? fixture.reader().ending else {
                // The first segment already: the file opens without any.
                Issue.record("\(order)")
                continue
            }
        }
    }

    @Test func recordsUnderAnotherFilesIdentifierAreRefused() throws {
        let layout = RecordingLayout(
            try {
                try fixture.record(3, seal: false)
                return try fixture.bytes()
            }()
        )
        let other = Array(layout.header.dropLast()) + [layout.header[27] ^ 1]
        func assemble(_ header: [UInt8]) throws {
            let records = layout.records.map {
                RecordingLayout.rechecked(Array(layout.bytes[$0]), header: header[...])[...]
            }
            try write([header[...]] + records)
        }
        try assemble(Array(layout.header))
        #expect(complaint() == nil)
        try assemble(other)
        #expect(complaint()?.isForged == true)
    }

    @Test func segmentsOfAnotherFileAreRefused() throws {
        let other = RecordingID()
        let path = fixture.folder.path(of: other)
        try fixture.record(3, longest: 1)
        try fixture.record(3, longest: 1, path: path, id: other)
        let one = try fixture.bytes()
        let two = try fixture.bytes(path)
        let parts = records(one)
        #expect(parts == records(two))
        for index in parts.indices {
            try write([one[..<parts[index].lowerBound], two[parts[index]], one[parts[index].upperBound...]])
            #expect(complaint()?.isForged == true, "record \(index)")
        }
        // All of it under the first one's header.
        try write([one[..<28], two[28...]])
        #expect(complaint() != nil)
        try fixture.put(two)
        let mistaken = thrown {
            _ = try RecordingReader(path: fixture.path, expecting: fixture.id, keys: fixture.store)
        }
        #expect(mistaken == .anotherRecording(other))
    }

    @Test func twoContinuationsOfOneFileCannotBeMixed() throws {
        func continued(_ seed: UInt64, from bytes: [UInt8]) throws -> [UInt8] {
            try fixture.put(bytes)
            let samples = SampleSegments(seed: seed, longest: 1)
            let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
            for (epoch, number) in [(2, 2), (3, 3)] {
                try file.begin(fixture.epoch(UInt64(epoch)))
                try file.append(samples.segment(number))
            }
            return try fixture.bytes()
        }
        try fixture.record(2, longest: 1, seal: false)
        let start = try fixture.bytes()
        let one = try continued(8, from: start)
        let other = try continued(9, from: start)
        let parts = records(one)
        #expect(parts == records(other))
        try fixture.put(one)
        #expect(complaint() == nil)
        for index in 2..<parts.count where parts[index].lowerBound >= start.count {
            try write([one[..<parts[index].lowerBound], other[parts[index].lowerBound...]])
            // From the beginning of the other's continuation it is the other file, whole.
            #expect((complaint() == nil) == (parts[index].lowerBound == start.count), "record \(index)")
        }
    }

    @Test func anOlderTrailerIsRefused() throws {
        try fixture.record(2)
        let older = try fixture.bytes()
        let trailer = older[records(older)[3].lowerBound...]
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.begin(fixture.epoch(2))
        try file.append(SampleSegments(seed: 1, longest: 40).segment(2))
        let newer = try fixture.bytes()
        try write([newer[...], trailer])
        #expect(complaint()?.isForged == true)
        try write([older[...], newer[older.count...]])
        #expect(complaint() != nil)
        try write([older[...], [0]])
        #expect(complaint()?.isForged == true)
    }

    @Test func whatStandsBesideAKeyCannotBeChanged() throws {
        try fixture.record(2, seal: false)
        let file = RecordingLayout(try fixture.bytes())
        // The epoch, the first segment, the generation and the purpose, each with checks that fit.
        for place in [27, 31, 51, 52] {
            var record = Array(file[0])
            record[place] ^= 1
            let altered = RecordingLayout.rechecked(record, header: file.header)
            try write([file.header, altered[...], file[1], file[2]])
            #expect(thrown { _ = try fixture.reader() }?.isForged == true || place == 31, "\(place)")
            #expect(complaint()?.isForged == true, "\(place)")
        }
    }

    @Test func anotherSlotThatNobodyVouchesForIsNotBelieved() throws {
        let samples = try fixture.record(2, seal: false)
        let file = RecordingLayout(try fixture.bytes())
        var record = Array(file[0])
        let slot = 48..<619
        record.replaceSubrange(619..<1190, with: record[slot])
        // A later generation, for another purpose, of a key that there is or that there is not.
        record[619 + 3] = 9
        record[619 + 4] = 1
        for change: UInt8 in [0, 1] {
            record[619 + 5] ^= change
            try write([
                file.header, RecordingLayout.rechecked(record, header: file.header)[...], file[1], file[2],
            ])
            let reader = try fixture.reader()
            #expect(try content(of: reader) == (0..<2).map(samples.segment))
            #expect(try reader.stretches.map(\.epoch) == [fixture.epoch()])
            #expect(complaint()?.isForged == true)
        }
    }

    @Test func noMixtureOfBytesCrashesAReaderOrPassesForWhole() throws {
        let samples = try fixture.record(5, second: 2, longest: 60)
        let file = RecordingLayout(try fixture.bytes())
        var random = SeededRandom(seed: 6)
        func any(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        for round in 0..<1500 {
            var records = file.records.indices.map { Array(file[$0]) }
            for _ in 0...any(0..<3) where !records.isEmpty {
                let one = any(records.indices)
                switch any(0..<6) {
                case 0: records.swapAt(one, any(records.indices))
                case 1: records.remove(at: one)
                case 2: records.insert(records[any(records.indices)], at: one)
                case 3: records[one][any(0..<records[one].count)] ^= UInt8(any(1..<256))
                case 4: records[one].removeLast(any(1..<min(40, records[one].count)))
                default:
                    // Fields of the head, with lengths and numbers that nobody would write.
                    let place = 4 + 4 * any(0..<3)
                    for index in 0..<4 { records[one][place + index] = [0, 1, 0x7F, 0xFF][any(0..<4)] }
                }
                if any(0..<2) == 0, records.indices.contains(one),
                    records[one].count >= 1190 || records[one][0] != 1,
                    records[one].count >= 20
                {
                    records[one] = RecordingLayout.rechecked(records[one], header: file.header)
                }
            }
            let bytes = Array(file.header) + records.joined() + (any(0..<4) == 0 ? [] : Array(file.rest))
            try fixture.put(bytes)
            guard let reader = try? fixture.reader() else { continue }
            for entry in reader.segments {
                guard let segment = try? reader.segment(entry) else { continue }
                #expect(segment == samples.segment(entry.number), "round \(round)")
            }
            guard (try? reader.verify(keys: fixture.store)) != nil else { continue }
            // Whoever can write can make a file look as if its end were torn off, and by nothing else is it whole.
            var kept = bytes.count
            if case .unfinished(let torn) = reader.ending { kept -= torn }
            let isBeginning = file.bytes.starts(with: bytes.prefix(kept))
            let isWhole = reader.ending != .sealed || bytes == file.bytes
            #expect(isBeginning && isWhole, "round \(round): \(reader.ending)")
        }
    }

    @Test func whatIsNoRecordingIsNotOpened() throws {
        try fixture.put(Array("RIFF, and certainly no recording of ours".utf8))
        #expect(thrown { _ = try fixture.reader() } == .notARecording)
        let made = thrown { _ = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store) }
        #expect(made == .notARecording)
        try fixture.record(1, path: fixture.path + ".2")
        var bytes = try fixture.bytes(fixture.path + ".2")
        bytes[9] = 2
        try fixture.put(bytes)
        #expect(thrown { _ = try fixture.reader() } == .newerVersion(2))
        #expect(thrown { _ = try fixture.reader("/dev/zero") } == .notARecording)
        #expect(
            thrown { _ = try fixture.reader(fixture.path + ".3") }
                == .system(SystemFailure(operation: "open", code: 2))
        )
    }
}
