import Foundation
import RecordingSamples
import Recordings
import Testing

/// What is written is read again, by number, by time, and after a continuation.
@Suite struct RoundTripTests {
    private let fixture: RecordingFixture

    init() throws { fixture = try RecordingFixture() }

    @Test(arguments: [true, false])
    func everySegmentIsReadAsItWasWritten(_ isSealed: Bool) throws {
        let samples = try fixture.record(30, second: 11, longest: 50_000, seal: isSealed)
        let reader = try fixture.reader()
        #expect(reader.id == fixture.id)
        #expect(reader.ending == (isSealed ? .sealed : .unfinished(tornBytes: 0)))
        #expect(try content(of: reader) == (0..<30).map(samples.segment))
        #expect(reader.stretches.map(\.segments) == [0..<19, 19..<30])
        #expect(try reader.stretches.map(\.epoch) == [fixture.epoch(1), fixture.epoch(2)])
        #expect(reader.stretches.allSatisfy { $0.isReadable })
        try reader.verify(keys: fixture.store)
    }

    @Test func aRecordingWithoutSegmentsOpens() throws {
        try fixture.record(0)
        let reader = try fixture.reader()
        #expect(reader.segments.isEmpty)
        #expect(reader.nanoseconds == nil)
        #expect(reader.index(atNanoseconds: 0) == nil)
    }

    @Test func emptyAndLongestSegmentsAreTaken() throws {
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.begin(fixture.epoch())
        var segment = SampleSegments(seed: 1, longest: 10).segment(1)
        segment.content = []
        try file.append(segment)
        segment.content = [UInt8](repeating: 7, count: RecordingSegment.longestContent)
        try file.append(segment)
        try file.seal()
        let sizes = try content(of: fixture.reader()).map(\.content.count)
        #expect(sizes == [0, RecordingSegment.longestContent])
    }

    @Test(arguments: [true, false])
    func segmentsAreFoundByTime(_ isSealed: Bool) throws {
        try fixture.record(12, second: 4, seal: isSealed)
        let reader = try fixture.reader()
        let second = SampleSegments.second
        #expect(reader.nanoseconds == 0..<(11 * second))
        #expect(reader.index(atNanoseconds: -1) == nil)
        for moment in 0..<(11 * 4) {
            let time = Int64(moment) * second / 4
            // Segment 0 initializes, and segment n covers the second n - 1; 1, 4, 7, 10 start with keyframes.
            let number = moment / 4 + 1
            #expect(reader.index(atNanoseconds: time) == number)
            #expect(reader.keyframeIndex(atNanoseconds: time) == (number - 1) / 3 * 3 + 1)
            #expect(reader.initializationIndex(for: number) == 0)
        }
        #expect(reader.index(atNanoseconds: 99 * second) == 11)
        #expect(reader.entry(number: 5)?.startNanoseconds == 4 * second)
        #expect(reader.entry(number: 12) == nil)
    }

    @Test(arguments: [true, false])
    func aLaterWriterContinuesTheSameRecording(_ isSealed: Bool) throws {
        let samples = try fixture.record(5, seal: isSealed)
        for start in [5, 9, 10] {
            let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
            #expect(file.segmentCount == start)
            #expect(file.lastStartNanoseconds == samples.segment(start - 1).startNanoseconds)
            try file.begin(fixture.epoch(7))
            for number in start..<(start == 5 ? 9 : start + 1) { try file.append(samples.segment(number)) }
            if start != 9 { try file.seal() }
        }
        let reader = try fixture.reader()
        #expect(reader.ending == .sealed)
        #expect(try content(of: reader) == (0..<11).map(samples.segment))
        try reader.verify(keys: fixture.store)
    }

    @Test func aFileThatIsSealedTwiceAndWrittenBetweenHasOneTrailer() throws {
        let samples = SampleSegments(seed: 3, longest: 30)
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.begin(fixture.epoch())
        try file.append(samples.segment(0))
        try file.seal()
        try file.append(samples.segment(1))
        file.droppedSegments = 4
        try file.seal()
        let reader = try fixture.reader()
        #expect(reader.droppedSegments == 4)
        #expect(try content(of: reader) == (0..<2).map(samples.segment))
        try reader.verify(keys: fixture.store)
    }

    @Test func lookingIntoARecordingToContinueItLeavesItSealed() throws {
        try fixture.record(3)
        let before = try fixture.bytes()
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        try file.seal()
        #expect(try fixture.bytes() == before)
    }

    @Test func twoWritersAreKeptApart() throws {
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        let second = thrown {
            _ = try RecordingFile(path: fixture.path, id: fixture.id, keys: fixture.store)
        }
        #expect(second == .inUse)
        #expect(file.segmentCount == 0)
    }

    @Test func filesAreTheOwnersOnlyAndListed() throws {
        try fixture.record(1)
        try fixture.put([], fixture.folder.path + "/other.txt")
        let mode = try FileManager.default.attributesOfItem(atPath: fixture.path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
        #expect(try fixture.folder.recordings() == [fixture.id])
        try fixture.folder.remove(fixture.id)
        try fixture.folder.remove(fixture.id)
        #expect(try fixture.folder.recordings() == [])
    }
}
