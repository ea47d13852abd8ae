import Primitives
import Testing

@testable import RelayEngine

@Suite struct AdmittedSequencesTests {
    @Test func admitsEachNumberOnceInWhateverOrder() {
        var admitted = AdmittedSequences()
        for number: Int64 in [70_000, 70_003, 70_001, 70_002, 69_999] {
            let isAdmitted = admitted.admit(number)
            #expect(isAdmitted)
        }
        for number: Int64 in 69_999...70_003 {
            let isAdmitted = admitted.admit(number)
            #expect(!isAdmitted)
        }
    }

    @Test func refusesWhatIsTooOldToTell() {
        var admitted = AdmittedSequences()
        let answers = [10_000, 10_001 - AdmittedSequences.width, 10_000 - AdmittedSequences.width].map {
            admitted.admit($0)
        }
        #expect(answers == [true, true, false])
    }

    @Test func agreesWithASetOverRandomSteps() {
        var random = SeededRandom(seed: 3)
        var admitted = AdmittedSequences()
        var seen: Set<Int64> = []
        var newest: Int64 = 100_000
        for _ in 0..<50_000 {
            let number = newest + Int64.random(in: -1_500...40, using: &random)
            let expected = newest - number < AdmittedSequences.width && !seen.contains(number)
            // Before the first number nothing is known, so that everything counts as new.
            if seen.isEmpty { newest = number }
            let isAdmitted = admitted.admit(number)
            #expect(isAdmitted == (seen.isEmpty || expected))
            seen.insert(number)
            newest = max(newest, number)
        }
    }
}

@Suite struct MissingSequencesTests {
    private let start = MonotonicTime(nanoseconds: 0)

    @Test func asksForWhatLiesBeforeARetransmissionThatOvertookItsNeighbours() {
        var missing = MissingSequences()
        missing.received(10, now: start)
        missing.received(13, now: start)
        var due: [UInt16] = []
        missing.takeDue(
            now: start.advanced(byMilliseconds: MissingSequences.patienceMilliseconds),
            into: &due
        )
        #expect(due == [11, 12])
    }
}
