import Disclosures
import NaiveDecisions
import Primitives
import Testing

/// Laws of `decide` over random logs; a failure prints its seed.
@Suite
struct DecidePropertyTests {
    /// Rounds of each law; enough to hit every branch many times in about a second.
    private static let rounds = 1000 as UInt64
    /// Logs of each quarter of the comparison: 200,000 questions in all.
    private static let logsPerQuarter = 200_000 / 4 / UInt64(DifferentialRun.questionsPerLog)

    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    private func randomStatement(_ random: inout SeededRandom, states: [ConsentState]) -> ConsentStatement {
        func maybe(_ values: [Int64]) -> Int64? {
            Bool.random(using: &random) ? nil : values.randomElement(using: &random)
        }
        let media: [Set<MediaType>] = [[], [.audio], [.video], [.audio, .video]]
        return make.statement(
            states.randomElement(using: &random) ?? .given,
            of: Int.random(in: 0..<5, using: &random) == 0 ? make.bob : make.alice,
            [Purpose.liveRoom, .liveEmbed, .liveEmbed, .recording].randomElement(using: &random) ?? .liveRoom,
            to: [nil, nil, "partner", "other"].randomElement(using: &random) ?? nil,
            stream: [nil, nil, "cam", "screen"].randomElement(using: &random) ?? nil,
            media: media.randomElement(using: &random) ?? [],
            from: maybe([-2, 0, 1]),
            until: maybe([0, 1, 2, 3]),
            source: [.page, .page, .token, .recordPreference].randomElement(using: &random) ?? .page
        )
    }

    private func randomStatements(
        _ random: inout SeededRandom,
        states: [ConsentState] = ConsentState.allCases + [.given, .given, .given, .renewed, .renewed]
    ) -> [ConsentStatement] {
        let count = Int.random(in: 0...6, using: &random)
        return (0..<count).map { _ in randomStatement(&random, states: states) }
    }

    private func requests() throws -> [DisclosureRequest] {
        let recorder = try #require(Audience(purpose: .recording, recipient: "partner"))
        let audiences = [Audience.roomViewers, try make.embed("partner"), try make.embed("other"), recorder]
        return audiences.flatMap { audience in
            MediaType.allCases.flatMap { media in
                ["cam", "screen"].map { make.request(media, to: audience, stream: $0) }
            }
        }
    }

    private func events(_ statements: [ConsentStatement]) -> [ConsentEvent] {
        statements.enumerated().map { index, statement in
            ConsentEvent(sequence: UInt64(index) + 1, time: ConsentFixtures.noon, statement: statement)
        }
    }

    /// Whatever the log says: to take back or refuse more of anything, by the same voice or another, opens nothing.
    @Test func anotherRefusalOpensNothing() throws {
        let requests = try requests()
        var refusedAfterRefusal = 0
        for seed in 0..<Self.rounds {
            var random = SeededRandom(seed: seed)
            let said = randomStatements(&random)
            let other = randomStatement(&random, states: [.refused, .withdrawn, .revoked, .invalidated])
            // Often about what was spoken of before.
            let same = Bool.random(using: &random) ? said.randomElement(using: &random) : nil
            let refusal = same.map { $0.with(state: other.state, media: other.media) } ?? other
            let before = RoomConsent(folding: events(said))
            let after = RoomConsent(folding: events(said + [refusal]))
            if before.record(for: refusal.key)?.statement.state.refuses == true { refusedAfterRefusal += 1 }
            for request in requests {
                guard decide(request, before, now: ConsentFixtures.now).denyReason != nil else { continue }
                let reason = decide(request, after, now: ConsentFixtures.now).denyReason
                #expect(reason != nil, "seed \(seed): \(refusal) opens \(request)")
            }
        }
        // Narrower after wider is among them.
        #expect(refusedAfterRefusal > 50)
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func agreesWithASecondNaiveEvaluator(quarter: UInt64) {
        var run = DifferentialRun()
        let first = quarter * Self.logsPerQuarter
        for seed in first..<(first + Self.logsPerQuarter) where !run.run(seed: seed) { break }
        #expect(run.disagreement == nil)
        for reason in DenyReason.allCases where ![.leaseExpired, .logUnavailable].contains(reason) {
            #expect(run.answers[reason, default: 0] > 10, "\(reason) hardly came up: \(run.answers)")
        }
        #expect(run.answers[nil, default: 0] > run.cases / 50, "\(run.answers)")
    }

    @Test func aFurtherRefusalNeverOpensAnything() throws {
        let refusals: [ConsentState] = [.refused, .withdrawn, .revoked, .invalidated]
        for seed in 0..<Self.rounds {
            var random = SeededRandom(seed: seed)
            let statements = randomStatements(&random)
            let refusal = randomStatement(&random, states: refusals)
            for request in try requests() {
                let before = decide(request, make.log(statements), now: ConsentFixtures.now)
                let after = decide(request, make.log(statements + [refusal]), now: ConsentFixtures.now)
                // A refusal replaces the refusal of its own key, so only one of fewer media could open.
                let replaced = make.log(statements).record(for: refusal.key)
                if replaced?.statement.state.refuses == true { continue }
                try #require(before.denyReason == nil || after.denyReason != nil, "seed \(seed)")
            }
        }
    }

    @Test func aRefusalThatAppliesWinsAgainstAnyNumberOfGrants() throws {
        for seed in 0..<Self.rounds {
            var random = SeededRandom(seed: seed)
            let grants = randomStatements(&random, states: [.given, .renewed])
            let refusal = make.statement(.refused, .liveEmbed, stream: "hers", media: [])
            let place = Int.random(in: 0...grants.count, using: &random)
            let statements = grants.prefix(place) + [refusal] + grants.dropFirst(place)
            let request = make.request(to: try make.embed("partner"), stream: "hers")
            let decision = decide(request, make.log(Array(statements)), now: ConsentFixtures.now)
            try #require(decision == .deny(.refused), "seed \(seed)")
        }
    }

    @Test func theOrderOfGrantsWithDifferentKeysDoesNotMatter() throws {
        for seed in 0..<Self.rounds {
            var random = SeededRandom(seed: seed)
            var keys: Set<ConsentKey> = []
            let statements = randomStatements(&random).filter { keys.insert($0.key).inserted }
            let shuffled = statements.shuffled(using: &random)
            for request in try requests() {
                let one = decide(request, make.log(statements), now: ConsentFixtures.now)
                let other = decide(request, make.log(shuffled), now: ConsentFixtures.now)
                try #require(one.denyReason == other.denyReason, "seed \(seed)")
                if case (.permit(let left), .permit(let right)) = (one, other) {
                    try #require(left.notAfter == right.notAfter, "seed \(seed)")
                }
            }
        }
    }
}
