import Disclosures
import NaiveDecisions
import Primitives
import Testing

/// Theorems of `decide` over random logs with events of every kind; a failure prints its seed.
@Suite
struct DecideLawTests {
    /// Logs of each law, and questions about each of them: every branch is met many times in about a second.
    private static let logs = 1500 as UInt64
    private static let questions = 8

    /// Runs `law` on random logs and questions until it answers what is wrong.
    private func check(
        limit: Int = 12,
        _ law: (inout RandomCases, [ConsentEvent], DisclosureRequest) throws -> Bool
    ) rethrows {
        for seed in 0..<Self.logs {
            var cases = RandomCases(seed: seed)
            let log = cases.log(limit: limit)
            for _ in 0..<Self.questions {
                guard var request = cases.request(epoch: 0) else { continue }
                request.expectedEpoch = nil
                guard try law(&cases, log, request) else {
                    Issue.record("seed \(seed): \(request) of \(log)")
                    return
                }
            }
        }
    }

    private func decided(_ request: DisclosureRequest, _ log: [ConsentEvent]) -> Decision {
        decide(request, RoomConsent(folding: log), now: RandomCases.now)
    }

    private func isPermitted(_ request: DisclosureRequest, _ log: [ConsentEvent]) -> Bool {
        decided(request, log).denyReason == nil
    }

    /// `events` in their order, numbered anew.
    private func numbered(_ events: [ConsentEvent]) -> [ConsentEvent] {
        events.enumerated().map { index, event in
            ConsentEvent(sequence: UInt64(index) + 1, time: event.time, content: event.content)
        }
    }

    /// `log` with one event more, at the end and not before any other.
    private func adding(_ content: ConsentEvent.Content, to log: [ConsentEvent]) -> [ConsentEvent] {
        let time = log.map(\.time).max() ?? RandomCases.now.wall
        return numbered(log + [ConsentEvent(sequence: 0, time: time, content: content)])
    }

    @Test func permitsNothingWithoutAGrantOrADemand() {
        check { _, log, request in
            let without = log.filter { event in
                if case .demand = event.content { return false }
                return event.statement?.permits != true
            }
            return !isPermitted(request, numbered(without))
        }
    }

    @Test func aRefusalThatAppliesWinsWhereverItStands() {
        check { cases, log, request in
            guard request.audience.recipientClass != .authority else { return true }
            let refusal = ConsentStatement(
                participant: request.participant,
                purpose: request.audience.purpose,
                stream: cases.chance(50) ? request.stream : nil,
                state: cases.pick([.refused, .withdrawn, .revoked, .invalidated], .refused),
                media: cases.chance(50) ? [request.media] : [],
                source: .recordPreference,
                givenAt: RandomCases.now.wall
            )
            // Of its own key a later word would count.
            var events = log.filter { $0.statement?.key != refusal.key }
            let place = Int.random(in: 0...events.count, using: &cases.random)
            let event = ConsentEvent(sequence: 0, time: RandomCases.now.wall, statement: refusal)
            events.insert(event, at: place)
            return !isPermitted(request, numbered(events))
        }
    }

    @Test func theOrderOfStatementsWithDifferentKeysDoesNotMatter() {
        check { cases, log, request in
            var keys: Set<ConsentKey> = []
            let (statements, others) = (
                log.filter { $0.statement.map { keys.insert($0.key).inserted } ?? false },
                log.filter { $0.statement == nil }
            )
            // When each was taken says when recording was agreed to, so here all were taken at once.
            let time = RandomCases.now.wall.advanced(byNanoseconds: -30_000_000_000)
            func made(_ events: [ConsentEvent]) -> [ConsentEvent] {
                numbered(
                    (others + events).map { ConsentEvent(sequence: 0, time: time, content: $0.content) }
                )
            }
            let one = decided(request, made(statements))
            let other = decided(request, made(statements.shuffled(using: &cases.random)))
            if case .permit(let left) = one, case .permit(let right) = other {
                return left.notAfter == right.notAfter
            }
            return one.denyReason == other.denyReason
        }
    }

    @Test func narrowingAGrantNeverOpensAnything() {
        check { cases, log, request in
            let grants = log.indices.filter { log[$0].statement?.permits == true }
            guard let index = grants.randomElement(using: &cases.random),
                let wide = log[index].statement
            else { return true }
            let window = ValidityWindow(from: cases.moment(-9...0), until: cases.moment(-3...5))
            let terms = ConsentTerms(
                retentionSeconds: Int64.random(in: 0...20, using: &cases.random),
                geographicRestrictions: Set([Region("EU")].compactMap(\.self))
            )
            let narrow = wide.with(
                media: cases.chance(50) ? wide.media.subtracting([.video]) : wide.media,
                validity: cases.chance(50) ? wide.validity.intersection(window) : wide.validity,
                terms: cases.chance(50) ? wide.terms.intersection(terms) ?? wide.terms : wide.terms
            )
            var narrowed = log
            narrowed[index] = ConsentEvent(
                sequence: log[index].sequence,
                time: log[index].time,
                statement: narrow
            )
            return isPermitted(request, log) || !isPermitted(request, narrowed)
        }
    }

    @Test func nothingThatTakesAwayEverOpensAnything() {
        check { cases, log, request in
            guard let addition = narrowing(&cases, log, request) else { return true }
            return isPermitted(request, log) || !isPermitted(request, adding(addition, to: log))
        }
    }

    /// A refusal, a notice, a hold, a deactivation or a change of controller.
    private func narrowing(
        _ cases: inout RandomCases,
        _ log: [ConsentEvent],
        _ request: DisclosureRequest
    ) -> ConsentEvent.Content? {
        switch Int.random(in: 0..<5, using: &cases.random) {
        case 0:
            return .hold(ProcessingHold(id: "new", participant: request.participant, reason: "dispute"))
        case 1:
            return .principal(PrincipalStatus(participant: request.participant, isDeactivated: true))
        case 2:
            return .controller(ControllerChange(controller: "west", reason: "sale"))
        case 3:
            for _ in 0..<200 {
                guard case .notice(let notice)? = cases.content(at: RandomCases.now.wall) else { continue }
                return .notice(notice)
            }
            return nil
        default:
            let states: [ConsentState] = [.refused, .withdrawn, .revoked, .invalidated]
            let refusal = cases.statement(
                of: request.participant,
                at: RandomCases.now.wall,
                states: states
            )
            // It replaces the refusal of its own key, so only one of less could open.
            let replaced = RoomConsent(folding: log).record(for: refusal.key)
            return replaced?.statement.state.refuses == true ? nil : .statement(refusal)
        }
    }

    @Test func theGrantThatGovernsIsValidAndEndsWhereThePermitDoes() throws {
        var bounded = 0
        try check { _, log, request in
            guard case .permit(let permit) = decided(request, log), permit.basis == .consent else {
                return true
            }
            let statement = try #require(log.first { $0.sequence == permit.grant }?.statement)
            guard statement.permits, statement.purpose == request.audience.purpose,
                statement.media.contains(request.media), statement.validity.contains(RandomCases.now.wall)
            else { return false }
            guard let until = statement.validity.until else { return true }
            bounded += 1
            return permit.notAfter <= RandomCases.now.monotonicDeadline(for: until)
        }
        #expect(bounded > 50)
    }

    @Test func aPermitHoldsUntilItsEndAndNotAtIt() {
        var ended = 0
        check { _, log, request in
            guard case .permit(let permit) = decided(request, log), permit.notAfter < .distantFuture else {
                return true
            }
            func later(_ end: MonotonicTime) -> ClockReading {
                let delta = end.nanoseconds(since: RandomCases.now.monotonic)
                return ClockReading(wall: RandomCases.now.wall.advanced(byNanoseconds: delta), monotonic: end)
            }
            let state = RoomConsent(folding: log)
            let last = permit.notAfter.advanced(byNanoseconds: -1)
            guard case .permit = decide(request, state, now: later(last)) else { return false }
            ended += 1
            // Another grant may go on; this one does not.
            guard case .permit(let next) = decide(request, state, now: later(permit.notAfter)) else {
                return true
            }
            return next.notAfter > permit.notAfter
        }
        #expect(ended > 50)
    }

    @Test func theStateIsTheSameHoweverTheLogIsCut() {
        check { cases, log, _ in
            let cut = Int.random(in: 0...log.count, using: &cases.random)
            var state = RoomConsent(folding: log.prefix(cut))
            for event in log.dropFirst(cut) { state.apply(event) }
            for event in log { state.apply(event) }
            return state == RoomConsent(folding: log)
        }
    }

    @Test func aRestrictedStateDecidesTheSameAboutWhomItHolds() {
        check { _, log, request in
            let state = RoomConsent(folding: log)
            let people = Set((request.onAir ?? []).map(\.participant) + [request.participant])
            let restricted = state.restricted(to: people)
            return decide(request, restricted, now: RandomCases.now) == decided(request, log)
        }
    }
}
