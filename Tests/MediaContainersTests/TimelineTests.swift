import MediaContainers
import Primitives
import RTPPackets
import Testing

@Suite struct TimelineTests {
    private func arrival(_ seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: Int64((1_000 + seconds) * 1e9))
    }

    private func ticks(_ seconds: Double, _ kind: MediaKind, base: UInt32 = 0) -> UInt32 {
        base &+ UInt32(truncatingIfNeeded: Int64((seconds * (kind == .audio ? 48_000 : 90_000)).rounded()))
    }

    private func wallClock(_ seconds: Double) -> NTPTimestamp {
        NTPTimestamp(nanosecondsSince1970: 1_700_000_000_000_000_000 + Int64(seconds * 1e9))
    }

    private func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e9 }

    @Test func timestampsThatWrapGoOn() {
        var timeline = RecordedTimeline()
        for number in 0..<600 {
            let time = Double(number) / 30
            let found = timeline.time(
                of: ticks(time, .video, base: 0xFFFF_0000),
                kind: .video,
                arrival: arrival(time)
            )
            #expect(abs(seconds(found) - time) < 0.000_1)
        }
    }

    @Test func tracksBeginWhereTheyArriveAndARecordingWhereItIsTold() {
        var timeline = RecordedTimeline(origin: arrival(0), start: 5_000_000_000)
        #expect(seconds(timeline.time(of: 7, kind: .audio, arrival: arrival(0.25))) == 5.25)
        #expect(seconds(timeline.time(of: 9, kind: .video, arrival: arrival(2))) == 7)
    }

    /// Video that is 120 ms longer on its way than audio comes into line once both are reported.
    @Test(arguments: [true, false])
    func senderReportsBringVideoToTheAudio(audioIsReportedFirst: Bool) {
        var timeline = RecordedTimeline()
        var last: [MediaKind: Int64] = [:]
        var offset = 1.0
        var audioMoved = 0.0
        for number in 0..<500 {
            let time = Double(number) / 50
            for (kind, lag) in [(MediaKind.audio, 0.0), (.video, 0.12)] {
                let found = timeline.time(of: ticks(time, kind), kind: kind, arrival: arrival(time + lag))
                if let before = last[kind] { #expect(found > before) }
                last[kind] = found
                if kind == .audio { audioMoved = max(audioMoved, abs(seconds(found) - time)) }
                let reportAt = (kind == .audio) == audioIsReportedFirst ? 50 : 60
                if number == reportAt || number % 100 == 99 {
                    timeline.senderReport(wallClock(time), timestamp: ticks(time, kind), kind: kind)
                }
            }
            offset = seconds((last[.video] ?? 0) - (last[.audio] ?? 0))
            if number < 50 { #expect(abs(offset - 0.12) < 0.001) }
            // 120 ms at a sixteenth of the time that passes are 1.92 s.
            if number > 160 { #expect(abs(offset) < 0.001, "\(number)") }
        }
        #expect(audioMoved < 0.001)
    }

    @Test func aSlowSenderClockIsFollowed() {
        var timeline = RecordedTimeline()
        var random = SeededRandom(seed: 3)
        // Half a millisecond a second: in ten minutes 300 ms.
        for number in 0..<30_000 {
            let time = Double(number) / 50
            let jitter = Double.random(in: 0...0.01, using: &random)
            let passed = time * 1.000_5
            let found = timeline.time(
                of: ticks(time, .audio),
                kind: .audio,
                arrival: arrival(passed + jitter)
            )
            #expect(abs(seconds(found) - passed) < 0.035, "at \(time)")
            if number % 250 == 1 {
                timeline.senderReport(wallClock(time), timestamp: ticks(time, .audio), kind: .audio)
            }
        }
    }

    @Test func aGapIsAsLongAsItWas() {
        var timeline = RecordedTimeline()
        let first = timeline.time(of: ticks(1, .video), kind: .video, arrival: arrival(1))
        let second = timeline.time(of: ticks(4_001, .video), kind: .video, arrival: arrival(4_001))
        #expect(second - first == 4_000_000_000_000)
    }

    @Test func aNewSourceGoesOnWhereItArrives() {
        var timeline = RecordedTimeline()
        for number in 0..<100 {
            let time = Double(number) / 50
            _ = timeline.time(of: ticks(time, .audio), kind: .audio, arrival: arrival(time))
        }
        timeline.restart(.audio)
        // Timestamps that look as if they went on.
        let found = timeline.time(of: ticks(2, .audio), kind: .audio, arrival: arrival(5))
        #expect(seconds(found) == 5)
        let next = timeline.time(of: ticks(2.02, .audio), kind: .audio, arrival: arrival(5.02))
        #expect(next - found == 20_000_000)
    }

    /// Timestamps that leap, without word of a new source, are those of another base.
    @Test(arguments: [0x4000_0000, 0xC000_0000, 200_000] as [UInt32])
    func timestampsThatLeapStayAtTheirArrival(leap: UInt32) {
        var timeline = RecordedTimeline()
        var last: Int64 = -1
        for number in 0..<200 {
            let time = Double(number) / 50
            let base: UInt32 = number < 100 ? 0 : leap
            let found = timeline.time(
                of: ticks(time, .audio, base: base),
                kind: .audio,
                arrival: arrival(time)
            )
            #expect(found > last)
            #expect(abs(seconds(found) - time) < 0.002)
            last = found
        }
    }

    /// A sender that stops its timestamps for as long as it sends nothing.
    @Test func timestampsThatStoodStillAreCaughtUpWith() {
        var timeline = RecordedTimeline()
        var found: Int64 = 0
        for number in 0..<400 {
            let time = Double(number) / 50
            let pause = number < 100 ? 0.0 : 10
            found = timeline.time(of: ticks(time, .audio), kind: .audio, arrival: arrival(time + pause))
        }
        #expect(abs(seconds(found) - 399.0 / 50 - 10) < 0.05)
    }

    @Test func whateverIsSentNeverGoesBackNorFarFromItsArrival() {
        var random = SeededRandom(seed: 11)
        for seed in 0..<20 {
            var timeline = RecordedTimeline()
            var last: [MediaKind: Int64] = [:]
            var time = 0.0
            var timestamp: [MediaKind: UInt32] = [.audio: UInt32(seed), .video: .max]
            for _ in 0..<2_000 {
                let kind: MediaKind = Bool.random(using: &random) ? .audio : .video
                time += Double.random(in: 0...0.03, using: &random)
                let isWild = Int.random(in: 0..<20, using: &random) == 0
                let step = isWild ? UInt32.random(in: 0...UInt32.max, using: &random) : 960
                timestamp[kind, default: 0] &+= step
                if Int.random(in: 0..<50, using: &random) == 0 {
                    let bits = UInt64.random(in: 0...UInt64.max, using: &random)
                    timeline.senderReport(
                        NTPTimestamp(rawValue: bits),
                        timestamp: UInt32.random(in: 0...UInt32.max, using: &random),
                        kind: kind
                    )
                }
                if Int.random(in: 0..<300, using: &random) == 0 { timeline.restart(kind) }
                let found = timeline.time(of: timestamp[kind] ?? 0, kind: kind, arrival: arrival(time))
                if let before = last[kind] { #expect(found > before) }
                last[kind] = found
                #expect(abs(seconds(found) - time) < 4, "\(seed) at \(time)")
            }
        }
    }

    /// Reports whose clock is set meanwhile move nothing.
    @Test func aSendersClockThatIsSetMovesNothing() {
        var timeline = RecordedTimeline()
        for number in 0..<500 {
            let time = Double(number) / 50
            for kind in [MediaKind.audio, .video] {
                let found = timeline.time(of: ticks(time, kind), kind: kind, arrival: arrival(time))
                #expect(abs(seconds(found) - time) < 0.001)
                guard number % 50 == 0 else { continue }
                let set = number < 250 ? 0 : 3_600.0
                timeline.senderReport(wallClock(time + set), timestamp: ticks(time, kind), kind: kind)
            }
        }
    }
}
