import Foundation
import MediaCodecs
import MediaContainers
import Primitives
import RTPPackets
import Testing

@Suite struct LayoutTests {
    private func recording() throws -> RecordedSession {
        try RecordedSession(
            of: PublishedSession([FlashAndBeep.of(.vp8), FlashAndBeep.of(.opus)]),
            video: .vp8
        )
    }

    @Test func everyRangeIsThatPartOfTheWholeFile() throws {
        let recording = try recording()
        let layout = try recording.layout()
        let whole = try recording.finished()
        #expect(Int64(whole.count) == layout.byteCount)
        #expect(whole.starts(with: layout.beginning))
        var random = SeededRandom(seed: 5)
        for _ in 0..<500 {
            let start = Int64.random(in: -100...layout.byteCount + 100, using: &random)
            let count = Int64.random(in: 0...(Bool.random(using: &random) ? 64 : 60_000), using: &random)
            let clamped = max(0, min(start, layout.byteCount))..<max(0, min(start + count, layout.byteCount))
            let expected = whole[Int(clamped.lowerBound)..<Int(max(clamped.lowerBound, clamped.upperBound))]
            #expect(try recording.finished(start..<(start + count)) == Array(expected))
        }
        #expect(layout.pieces(of: layout.byteCount..<layout.byteCount + 1).isEmpty)
        // A byte in the middle needs one cluster only.
        #expect(layout.pieces(of: layout.byteCount / 2..<layout.byteCount / 2 + 1).count == 1)
    }

    @Test func theFileSaysItsLengthAndWhereItsClustersAre() throws {
        let recording = try recording()
        let whole = try recording.finished()
        let header = try WebMHeader(reading: whole)
        let last = try #require(recording.clusters.map(\.entry.endNanoseconds).max())
        #expect(header.durationNanoseconds == last)
        let parts = try WebMFileParts(reading: whole)
        #expect(parts.incompleteBytes == 0)
        #expect(parts.clusters.map { Array(whole[$0]) } == recording.clusters.map(\.bytes))
    }

    @Test func someOfTheClustersAreAFileToo() throws {
        let recording = try recording()
        let chosen = recording.clusters.filter { $0.entry.startNanoseconds >= 4_000_000_000 }
        let begin = try #require(chosen.indices.first { chosen[$0].entry.beginsWithKeyframe })
        let clusters = Array(chosen[begin...])
        let layout = try WebMFileLayout(header: recording.header, clusters: clusters.map(\.entry))
        let folder = try TemporaryFolder()
        let file = try folder.write(layout.beginning + clusters.flatMap(\.bytes), as: "part.webm")
        let frames = try MediaReport(file: file).decodedFrames()
        #expect(frames.count == 2 && frames.allSatisfy { $0 > 50 })
    }

    @Test func aLongRecordingHasABoundedIndex() throws {
        let entries = (0..<200_000).map { number in
            WebMClusterEntry(
                byteCount: 60_000,
                startNanoseconds: Int64(number) * 500_000_000,
                endNanoseconds: Int64(number + 1) * 500_000_000,
                beginsWithKeyframe: true
            )
        }
        let layout = try WebMFileLayout(header: try recording().header, clusters: entries)
        #expect(layout.beginning.count < 1 << 20)
        #expect(layout.durationNanoseconds == 100_000_000_000_000)
        #expect(layout.byteCount == Int64(layout.beginning.count) + 12_000_000_000)
        let end = layout.pieces(of: layout.byteCount - 10..<layout.byteCount)
        #expect(end == [.cluster(199_999, 59_990..<60_000)])
    }

    @Test func entriesThatCannotBeAreRefused() throws {
        let header = try recording().header
        let good = WebMClusterEntry(
            byteCount: 100,
            startNanoseconds: 0,
            endNanoseconds: 10,
            beginsWithKeyframe: true
        )
        var bad = [good, good, good, good]
        bad[0].byteCount = 0
        bad[1].byteCount = .max
        bad[2].startNanoseconds = -1
        bad[3].endNanoseconds = -1
        for entry in bad {
            #expect(throws: WebMError.self) { try WebMFileLayout(header: header, clusters: [good, entry]) }
        }
        #expect(throws: WebMError.self) { try WebMFileLayout(header: [1, 2, 3], clusters: [good]) }
        #expect(try WebMFileLayout(header: header, clusters: []).durationNanoseconds == 0)
    }
}
