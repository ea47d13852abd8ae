import Foundation
import RecordingSamples
import Recordings
import Testing

/// A file that ends anywhere opens up to its last whole segment, and can be continued there.
@Suite struct TornEndTests {
    private let fixture: RecordingFixture

    init() throws { fixture = try RecordingFixture() }

    /// Where segments end.
    private func ends() throws -> [Int] {
        var found: [Int] = []
        let samples = SampleSegments(seed: 1, longest: 8)
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.begin(fixture.epoch(1))
        for number in 0..<4 {
            if number == 2 { try file.begin(fixture.epoch(2)) }
            try file.append(samples.segment(number))
            found.append(try fixture.bytes().count)
        }
        try file.seal()
        return found
    }

    @Test func aFileCutAtAnyByteOpensUpToItsLastWholeSegment() throws {
        let ends = try ends()
        let bytes = try fixture.bytes()
        let samples = SampleSegments(seed: 1, longest: 8)
        for length in bytes.indices.reversed() {
            #expect(truncate(fixture.path, length) == 0)
            let whole = ends.filter { $0 <= length }.count
            guard length >= 28 else {
                #expect(thrown { _ = try fixture.reader() } == .torn, "\(length)")
                continue
            }
            let reader = try fixture.reader()
            #expect(reader.segments.count == whole, "\(length)")
            try #require(reader.ending != .sealed, "\(length)")
            if ends.contains(length) { #expect(reader.ending == .unfinished(tornBytes: 0)) }
            for entry in reader.segments {
                #expect(try reader.segment(entry) == samples.segment(entry.number), "\(length)")
            }
            try reader.verify(keys: fixture.store)
        }
    }

    @Test func aFileCutAnywhereIsContinuedBehindItsLastWholeSegment() throws {
        let ends = try ends()
        let bytes = try fixture.bytes()
        let samples = SampleSegments(seed: 1, longest: 8)
        for length in stride(from: 0, through: bytes.count, by: 7) {
            try fixture.put(Array(bytes[..<length]))
            let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
            let whole = ends.filter { $0 <= length }.count
            #expect(file.segmentCount == whole, "\(length)")
            try file.begin(fixture.epoch(3))
            try file.append(samples.segment(whole))
            try file.seal()
            let reader = try fixture.reader()
            #expect(try content(of: reader) == (0...whole).map(samples.segment), "\(length)")
            try reader.verify(keys: fixture.store)
        }
    }

    @Test func nothingIsLeftOfALongTornEnd() throws {
        let samples = try fixture.record(2, seal: false)
        let whole = try fixture.bytes().count
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.begin(fixture.epoch(2))
        var long = samples.segment(2)
        long.content = [UInt8](repeating: 1, count: 60_000)
        try file.append(long)
        let length = try fixture.bytes().count
        for cut in [1, 20, 40_000] {
            let path = fixture.folder.path(of: RecordingID())
            try fixture.put(try fixture.bytes().dropLast(cut), path)
            #expect(try fixture.reader(path).segments.count == 2)
            let continued = try RecordingFile(path: path, id: fixture.id, keys: fixture.store)
            try continued.begin(fixture.epoch(3))
            try continued.append(samples.segment(2))
            let reader = try fixture.reader(path)
            #expect(reader.ending == .unfinished(tornBytes: 0))
            #expect(try content(of: reader) == (0..<3).map(samples.segment))
            #expect(try fixture.bytes(path).count < whole + 5000 && length > whole + 60_000)
        }
    }

    @Test func zerosAtTheEndAreATornEnd() throws {
        let samples = try fixture.record(3, seal: false)
        let bytes = try fixture.bytes()
        for count in [1, 19, 20, 5000] {
            try fixture.put(bytes + [UInt8](repeating: 0, count: count))
            #expect(try fixture.reader().ending == .unfinished(tornBytes: count))
        }
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.begin(fixture.epoch())
        try file.append(samples.segment(3))
        #expect(try content(of: fixture.reader()) == (0..<4).map(samples.segment))
    }

    @Test func aNonceIsNeverUsedTwice() throws {
        // The counter stands in each frame: of what was continued, sealed and sealed again none may repeat under
        // one key record.
        let samples = SampleSegments(seed: 5, longest: 1)
        var seen: Set<[UInt8]> = []
        var count = 0
        for round in 0..<4 {
            let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
            try file.begin(fixture.epoch())
            for _ in 0..<3 {
                try file.append(samples.segment(file.segmentCount))
                try file.seal()
                let layout = RecordingLayout(try fixture.bytes())
                var keyTag: [UInt8] = []
                for record in layout.records.indices {
                    if layout.kind(record) == 1 { keyTag = Array(layout[record].suffix(16)) }
                    // Kind and counter are the nonce; the tag at the end tells what it was used for.
                    let place = layout.records[record].lowerBound
                    let use = keyTag + [layout.kind(record)] + layout.bytes[(place + 12)..<(place + 16)]
                    if seen.insert(use + layout[record].suffix(16)).inserted { count += 1 }
                }
            }
            #expect(file.segmentCount == 3 * (round + 1))
        }
        // As many different uses as different nonces.
        #expect(Set(seen.map { $0.dropLast(16) }).count == count)
    }
}
