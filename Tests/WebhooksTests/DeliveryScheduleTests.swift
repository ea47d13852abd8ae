import Primitives
import Testing

@testable import Webhooks

@Suite struct DeliveryScheduleTests {
    private typealias Step = DeliverySchedule.Step

    private let start = WallClockTime(nanosecondsSince1970: 1_790_000_000_000_000_000)

    private func at(_ seconds: Int64) -> WallClockTime { start.advanced(byMilliseconds: seconds * 1000) }

    private func schedule(_ count: Int64 = 1, limits: DeliveryLimits = DeliveryLimits()) -> DeliverySchedule {
        var schedule = DeliverySchedule(limits: limits)
        for number in 0..<count {
            schedule.add(.init(number: number, createdAt: start, dueAt: start))
        }
        return schedule
    }

    private func advance(_ schedule: inout DeliverySchedule, _ now: WallClockTime) -> [Step] {
        var steps: [Step] = []
        schedule.advance(now: now, steps: &steps)
        return steps
    }

    private func finish(
        _ schedule: inout DeliverySchedule,
        _ number: Int64 = 0,
        _ outcome: DeliveryOutcome,
        _ now: WallClockTime,
        seed: UInt64 = 1
    ) -> [Step] {
        var random = SeededRandom(seed: seed)
        var steps: [Step] = []
        schedule.finish(number, outcome, now: now, random: &random, steps: &steps)
        return steps
    }

    private let refusal = DeliveryOutcome.answered(status: 500, retryAfterSeconds: nil)

    @Test func beginsInOrderAndNoMoreThanAllowedAtATime() {
        var schedule = schedule(6)
        #expect(advance(&schedule, start) == [.attempt(0), .attempt(1), .attempt(2), .attempt(3)])
        #expect(schedule.nextWakeUp(now: start) == nil)
        #expect(
            finish(&schedule, 2, .answered(status: 204, retryAfterSeconds: nil), start) == [.delivered(2)]
        )
        #expect(advance(&schedule, start) == [.attempt(4)])
        #expect(schedule.count == 5)
    }

    /// Between half and all of a wait that doubles from five seconds to an hour, whatever the dice say.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func waitsLongerEachTime(_ seed: UInt64) throws {
        var limits = DeliveryLimits()
        limits.ageSeconds = 1_000_000
        var schedule = schedule(limits: limits)
        var now = start
        let longest = 3_600_000 as Int64
        for attempt in 1..<limits.attempts {
            #expect(advance(&schedule, now) == [.attempt(0)])
            let steps = finish(&schedule, 0, refusal, now, seed: seed &+ UInt64(attempt))
            let full = min(5_000 << Int64(attempt - 1), longest)
            guard case .postpone(0, attempt, let until) = try #require(steps.first) else {
                Issue.record("attempt \(attempt): \(steps)")
                return
            }
            let wait = (until.nanosecondsSince1970 - now.nanosecondsSince1970) / 1_000_000
            #expect((full / 2...full).contains(wait), "attempt \(attempt) waits \(wait) ms of \(full)")
            let early = until.advanced(byMilliseconds: -1)
            #expect(advance(&schedule, early).isEmpty)
            #expect(schedule.nextWakeUp(now: early) == until)
            now = until
        }
        #expect(advance(&schedule, now) == [.attempt(0)])
        #expect(finish(&schedule, 0, refusal, now) == [.giveUp(0, .attempts)])
        #expect(schedule.count == 0)
    }

    @Test func differentDiceWaitDifferently() {
        let waits = Set(
            (0..<10 as Range<UInt64>).map { seed in
                var schedule = schedule()
                _ = advance(&schedule, start)
                return "\(finish(&schedule, 0, refusal, start, seed: seed))"
            }
        )
        #expect(waits.count > 5)
    }

    @Test func aReceiverThatAsksForTimeGetsItFromAllDeliveries() {
        var schedule = schedule(6)
        _ = advance(&schedule, start)
        let steps = finish(&schedule, 0, .answered(status: 429, retryAfterSeconds: 120), start)
        #expect(steps == [.postpone(0, attempts: 1, until: at(120))])
        #expect(advance(&schedule, at(119)).isEmpty)
        #expect(schedule.nextWakeUp(now: at(119)) == at(120))
        #expect(advance(&schedule, at(120)) == [.attempt(4)])
    }

    @Test(arguments: [Int.max, Int.min, -1])
    func aRetryAfterBeyondReasonHoldsNothingForever(_ seconds: Int) {
        var schedule = schedule(2)
        _ = advance(&schedule, start)
        let steps = finish(&schedule, 0, .answered(status: 503, retryAfterSeconds: seconds), start)
        // A day is as old as a delivery may become.
        if seconds > 0 { #expect(steps == [.giveUp(0, .age)]) } else { #expect(steps.count == 1) }
        _ = finish(&schedule, 1, .answered(status: 200, retryAfterSeconds: nil), start)
        schedule.add(.init(number: 9, createdAt: at(86_400), dueAt: at(86_400)))
        #expect(advance(&schedule, at(86_400)).contains(.attempt(9)))
    }

    @Test func whatIsTooOldIsGivenUpUntried() {
        var schedule = schedule(2)
        #expect(advance(&schedule, at(86_400)) == [.giveUp(0, .age), .giveUp(1, .age)])
    }

    @Test func aReceiverThatIsGoneIsToldNothingMore() {
        var schedule = schedule(6)
        _ = advance(&schedule, start)
        let steps = finish(&schedule, 1, .answered(status: 410, retryAfterSeconds: nil), start)
        #expect(
            steps == [
                .giveUp(1, .endpointDisabled), .disable, .giveUp(4, .endpointDisabled),
                .giveUp(5, .endpointDisabled),
            ]
        )
        #expect(schedule.isDisabled && schedule.room == 0)
        #expect(finish(&schedule, 0, refusal, start) == [.giveUp(0, .endpointDisabled)])
        let delivered = DeliveryOutcome.answered(status: 200, retryAfterSeconds: nil)
        #expect(finish(&schedule, 2, delivered, start) == [.delivered(2)])
        schedule.add(.init(number: 9, createdAt: start, dueAt: start))
        #expect(advance(&schedule, start).isEmpty)
        schedule.enable()
        #expect(advance(&schedule, start) == [.attempt(9)])
    }

    @Test(arguments: [301, 302, 307, 308, 400, 404, 500, 503])
    func everythingButSuccessIsTriedAgain(_ status: Int) {
        var schedule = schedule()
        _ = advance(&schedule, start)
        let steps = finish(&schedule, 0, .answered(status: status, retryAfterSeconds: nil), start)
        guard case .postpone(0, attempts: 1, _)? = steps.first else {
            Issue.record("\(status): \(steps)")
            return
        }
    }

    @Test func aClockThatIsSetBackDelaysNothingForLong() {
        var schedule = DeliverySchedule(limits: DeliveryLimits())
        schedule.add(.init(number: 0, createdAt: start, dueAt: at(5)))
        let before = at(-10 * 365 * 86_400)
        #expect(schedule.nextWakeUp(now: before) == before)
        #expect(advance(&schedule, before) == [.attempt(0)])
    }

    @Test func anEndThatNobodyWaitsForChangesNothing() {
        var schedule = schedule()
        _ = advance(&schedule, start)
        schedule.remove([0])
        #expect(finish(&schedule, 0, refusal, start).isEmpty)
        #expect(finish(&schedule, 77, refusal, start).isEmpty)
        #expect(schedule.count == 0)
    }
}
