import Foundation
import Primitives
import RecordingSamples
import Recordings
import Testing

/// A writer that is killed at any moment leaves what it had written, and nothing in the clear.
@Suite(.serialized) struct KillTests {
    private static let recordings = 10
    private static let kills = 10

    @Test(arguments: 0..<recordings)
    func aKilledWriterLosesAtMostTheSegmentInTheMaking(_ seed: Int) throws {
        let fixture = try RecordingFixture()
        let samples = SampleSegments(seed: UInt64(seed), longest: 256 << 10)
        var random = SeededRandom(seed: UInt64(seed))
        var known = 0
        // One recording that is continued after each kill.
        for round in 0..<Self.kills {
            let probe = try ProbeProcess([
                "append", fixture.path, fixture.id.description, fixture.root + "/keys",
                try fixture.name().description, "\(seed)",
            ])
            for _ in 0...Int.random(in: 0..<6, using: &random) {
                let line = try #require(probe.line())
                known = try #require(Int(line))
            }
            // Anywhere within the segments that follow: sealing and writing one takes about so long.
            usleep(UInt32.random(in: 0..<6000, using: &random))
            for line in probe.kill() { known = try #require(Int(line)) }

            // Killed before it wrote anything.
            if known == 0, thrown({ _ = try fixture.reader() }) == .torn { continue }
            let reader = try fixture.reader()
            let count = reader.segments.count
            // What it could say it had written is there, and the segment that it had no time to tell of may be.
            #expect((known...(known + 1)).contains(count), "round \(round): \(count) of \(known)")
            #expect(reader.segments.map { $0.number } == Array(0..<count))
            for entry in reader.segments.suffix(8) {
                #expect(try reader.segment(entry) == samples.segment(entry.number))
            }
            #expect(
                try RecordingFixture.files(below: fixture.root, holding: SampleSegments.marker) == [],
                "round \(round)"
            )
        }
        let reader = try fixture.reader()
        #expect(try content(of: reader) == (0..<reader.segments.count).map(samples.segment))
        try reader.verify(keys: fixture.store)
    }
}
