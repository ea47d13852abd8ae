import Foundation
import Primitives
import Testing

@Suite struct ClockValueTests {
    @Test(arguments: [
        (0 as Int64, "1970-01-01T00:00:00.000000000Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_399_000_000_000, "2000-02-28T23:59:59.000000000Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
        (951_868_800_123_456_789, "2000-03-01T00:00:00.123456789Z"),
        (1_000_000_000_000_000_000, "2001-09-09T01:46:40.000000000Z"),
        (2_147_483_648_000_000_000, "2038-01-19T03:14:08.000000000Z"),
        (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
        (.max, "2262-04-11T23:47:16.854775807Z"),
        (.min, "1677-09-21T00:12:43.145224192Z"),
    ])
    func writesKnownMoments(_ nanoseconds: Int64, _ text: String) {
        #expect(WallClockTime(nanosecondsSince1970: nanoseconds).rfc3339 == text)
    }

    @Test func agreesWithFoundationOnEveryDayOfFourCenturies() throws {
        var random = SeededRandom(seed: 3339)
        let format = Date.ISO8601FormatStyle(timeZone: .gmt)
        // A stride of 13 days meets every day of the year and every kind of leap year.
        for day in stride(from: -100_000 as Int64, to: 100_000, by: 13) {
            let seconds = day * 86_400 + Int64.random(in: 0..<86_400, using: &random)
            let fraction = Int64.random(in: 0..<1_000_000_000, using: &random)
            let text = WallClockTime(nanosecondsSince1970: seconds * 1_000_000_000 + fraction).rfc3339
            let expected = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(format)
            try #require(text.prefix(19) + "Z" == expected)
            try #require(Int64(text.dropFirst(20).prefix(9)) == fraction)
            try #require(text.utf8.count == 30)
        }
    }

    @Test func timesAreOrderedAsTheirNanosecondsAre() {
        #expect(WallClockTime(nanosecondsSince1970: -1) < WallClockTime(nanosecondsSince1970: 0))
        #expect(MonotonicTime(nanoseconds: 1) < MonotonicTime(nanoseconds: 2))
        #expect(MonotonicTime.distantPast < MonotonicTime.distantFuture)
    }

    @Test func movingSaturatesInsteadOfOverflowing() {
        let late = MonotonicTime.distantFuture
        #expect(late.advanced(byNanoseconds: 1) == late)
        #expect(late.advanced(byMilliseconds: .max) == late)
        #expect(MonotonicTime(nanoseconds: .min).advanced(byNanoseconds: -1).nanoseconds == .min)
        #expect(MonotonicTime(nanoseconds: 0).advanced(byMilliseconds: .min).nanoseconds == .min)
        #expect(MonotonicTime(nanoseconds: 5).advanced(byMilliseconds: -2).nanoseconds == -1_999_995)
        #expect(
            WallClockTime(nanosecondsSince1970: .max).advanced(byNanoseconds: 1).nanosecondsSince1970 == .max
        )
        #expect(
            WallClockTime(nanosecondsSince1970: .min).advanced(byNanoseconds: -1).nanosecondsSince1970 == .min
        )
    }

    @Test func differencesAreSignedAndRoundTowardZero() {
        let early = MonotonicTime(nanoseconds: 1_000_000)
        let late = MonotonicTime(nanoseconds: 3_999_999)
        #expect(late.nanoseconds(since: early) == 2_999_999)
        #expect(late.milliseconds(since: early) == 2)
        #expect(early.milliseconds(since: late) == -2)
    }

    @Test func aDeadlineIsAsFarAwayOnBothClocks() {
        let reading = ClockReading(
            wall: WallClockTime(nanosecondsSince1970: 1_000),
            monotonic: MonotonicTime(nanoseconds: 50)
        )
        let deadline = { (time: Int64) in
            reading.monotonicDeadline(for: WallClockTime(nanosecondsSince1970: time)).nanoseconds
        }
        #expect(deadline(1_000) == 50)
        #expect(deadline(1_700) == 750)
        #expect(deadline(0) == -950)
        #expect(deadline(.max) == .max - 950)
        // Too far back to count: as long ago as can be said.
        #expect(deadline(.min) == .min + 50)
        let before1970 = ClockReading(
            wall: WallClockTime(nanosecondsSince1970: -1),
            monotonic: MonotonicTime(nanoseconds: 50)
        )
        #expect(
            before1970.monotonicDeadline(for: WallClockTime(nanosecondsSince1970: .max)) == .distantFuture
        )
    }
}
