import Primitives
import Testing

@testable import RoomControl

@Suite struct ReconnectionBackOffTests {
    private func bounds(_ waits: [Int64]) -> [ClosedRange<Int64>] {
        var full: Int64 = 1_000
        return waits.map { _ in
            defer { full = min(full * 2, 60_000) }
            return full / 2...full
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func waitsDoubleUpToAMinuteAndVary(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var backOff = ReconnectionBackOff()
        let waits = (0..<12).map { _ in backOff.wait(using: &random) }
        for (wait, range) in zip(waits, bounds(waits)) { #expect(range.contains(wait)) }
        #expect(waits.suffix(5).allSatisfy { $0 >= 30_000 })
        #expect(Set(waits.suffix(5)).count > 1)
    }

    @Test func aMinuteOfMediaMakesTheNextWaitTheFirstAgain() {
        var random = SeededRandom(seed: 1)
        var backOff = ReconnectionBackOff()
        for _ in 0..<8 { _ = backOff.wait(using: &random) }
        let short = backOff.wait(afterLiveMilliseconds: 59_999, using: &random)
        #expect(short >= 30_000)
        let settled = backOff.wait(afterLiveMilliseconds: 60_000, using: &random)
        #expect((500...1_000).contains(settled))
    }

    @Test func aServerMayAskForMoreAndNotForForever() {
        var random = SeededRandom(seed: 1)
        var backOff = ReconnectionBackOff()
        let asked = backOff.wait(askedSeconds: 30, using: &random)
        #expect(asked == 30_000)
        let endless = backOff.wait(askedSeconds: .max, using: &random)
        #expect(endless == 3_600_000)
        let negative = backOff.wait(askedSeconds: -5, using: &random)
        #expect((2_000...4_000).contains(negative))
    }
}
