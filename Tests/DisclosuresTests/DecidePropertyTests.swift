import Disclosures
import Primitives
import Testing

/// Laws of `decide` over random logs; a failure prints its seed.
@Suite
struct DecidePropertyTests {
    /// Rounds of each law; enough to hit every branch many times in about a second.
    private static let rounds = 1000 as UInt64

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

    @Test func agreesWithASecondNaiveEvaluator() throws {
        var seen: Set<DenyReason?> = []
        for seed in 0..<Self.rounds {
            var random = SeededRandom(seed: seed)
            let log = events(randomStatements(&random))
            let naive = NaiveEvaluator(events: log)
            for request in try requests() {
                let decision = decide(request, RoomConsent(folding: log), now: ConsentFixtures.now)
                seen.insert(decision.denyReason)
                switch (decision, naive.answer(request, now: ConsentFixtures.now)) {
                case (.permit(let permit), .permit(let notAfter, let grant)):
                    try #require(permit.notAfter == notAfter && permit.grant == grant, "seed \(seed)")
                case (.deny(let reason), .deny(let expected)):
                    try #require(reason == expected, "seed \(seed)")
                case (let decision, let expected):
                    Issue.record("seed \(seed): \(decision) but \(expected)")
                    return
                }
            }
        }
        #expect(seen.count == 13, "a reason or the permit never came up: \(seen)")
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

    @Test func narrowingAGrantNeverOpensOrProlongsAnything() throws {
        for seed in 0..<Self.rounds {
            var random = SeededRandom(seed: seed)
            let statements = randomStatements(&random)
            guard
                let index = statements.indices.filter({ statements[$0].permits }).randomElement(
                    using: &random
                )
            else { continue }
            let wide = statements[index]
            let narrow = make.statement(
                wide.state,
                of: wide.participant,
                wide.purpose,
                to: wide.recipient,
                stream: wide.stream,
                media: wide.media.subtracting([.video]),
                from: 0,
                until: 1,
                source: wide.source
            )
            guard wide.validity.covers(narrow.validity) else { continue }
            var narrowed = statements
            narrowed[index] = narrow
            for request in try requests() {
                let before = decide(request, make.log(statements), now: ConsentFixtures.now)
                let after = decide(request, make.log(narrowed), now: ConsentFixtures.now)
                guard case .permit(let permit) = after else { continue }
                guard case .permit(let wider) = before else {
                    Issue.record("seed \(seed): narrowing opened \(request)")
                    return
                }
                try #require(permit.notAfter <= wider.notAfter, "seed \(seed)")
            }
        }
    }
}
