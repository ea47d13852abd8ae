import Primitives
import Testing

@testable import LoadTesting

@Suite struct ValueHistogramTests {
    @Test func keepsThreeDigitsOfEveryValue() {
        var values: [Int64] = [0, 1, 2, 999, 2_047, 2_048, 2_049, 4_095, 4_096, 1_000_000]
        var random = SeededRandom(seed: 7)
        for _ in 0..<2_000 {
            values.append(Int64(random.next() >> UInt64(22 + random.next() % 40)))
        }
        for value in values {
            var histogram = ValueHistogram()
            histogram.record(value)
            histogram.record(ValueHistogram.highestValue)
            let kept = histogram.percentile(50)
            #expect(kept >= value && Double(kept - value) <= Double(value) / 1_000, "\(value) became \(kept)")
        }
    }

    /// The numbers of HdrHistogram's own tests: ten thousand values of 1,000 and one of 100,000,000.
    @Test func answersTheNumbersOfHdrHistogramsTests() {
        var histogram = ValueHistogram()
        histogram.record(1_000, count: 10_000)
        histogram.record(100_000_000)
        #expect(histogram.count == 10_001)
        #expect(histogram.percentile(30) == 1_000)
        #expect(histogram.percentile(99) == 1_000)
        #expect(histogram.percentile(99.99) == 1_000)
        #expect(histogram.percentile(99.999) == 100_000_000)
        #expect(histogram.percentile(100) == 100_000_000)
        #expect(histogram.minimum == 1_000)
        #expect(histogram.maximum == 100_000_000)
        #expect(abs(histogram.mean - (1_000.0 * 10_000 + 100_000_000) / 10_001) < 1e-6)
    }

    @Test func percentilesAreThoseOfTheSortedValues() {
        var random = SeededRandom(seed: 3)
        let values = (0..<5_000).map { _ in Int64(random.next() % 50_000_000) }.sorted()
        var histogram = ValueHistogram()
        for value in values { histogram.record(value) }
        for percent in [1, 25, 50, 90, 99, 99.9, 100] {
            let rank = max(0, Int((percent / 100 * Double(values.count)).rounded(.up)) - 1)
            let exact = values[rank]
            let found = histogram.percentile(percent)
            #expect(found >= exact && Double(found - exact) <= Double(exact) / 1_000 + 1)
        }
    }

    @Test func mergedHistogramsAreAsOne() {
        var (left, right, both) = (ValueHistogram(), ValueHistogram(), ValueHistogram())
        for value in stride(from: Int64(1), to: 3_000_000, by: 7_919) {
            left.record(value)
            right.record(value * 40)
            both.record(value)
            both.record(value * 40)
        }
        left.merge(right)
        #expect(left == both)
        left.merge(ValueHistogram())
        #expect(left == both)
    }

    @Test func boundsWhatIsOutOfRange() {
        var histogram = ValueHistogram()
        histogram.record(-5)
        #expect(histogram.maximum == 0)
        histogram.record(.max)
        #expect(histogram.maximum == ValueHistogram.highestValue)
        #expect(histogram.percentile(100) == ValueHistogram.highestValue)
        #expect(ValueHistogram().percentile(99) == 0)
        histogram.removeAll()
        #expect(histogram.isEmpty && histogram.percentile(50) == 0)
    }

    @Test func stepsHoldEveryValueOnce() {
        var histogram = ValueHistogram()
        for value in Int64(0)..<20_000 { histogram.record(value) }
        let steps = histogram.steps
        #expect(steps.reduce(0) { $0 + $1.count } == 20_000)
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.value < $1.value })
        #expect(steps.last?.value == 19_999)
        #expect(steps.count < 1_000)
        #expect(histogram.count(above: 9_999) == 10_000)
    }
}
