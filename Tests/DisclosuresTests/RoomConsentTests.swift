import Disclosures
import Primitives
import Testing

@Suite
struct RoomConsentTests {
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    @Test func hasTheEpochOfItsLastEvent() {
        #expect(RoomConsent().epoch == 0)
        #expect(make.log(make.statement(), make.statement(.withdrawn)).epoch == 2)
    }

    @Test func ignoresAnEventThatIsNotNewer() {
        var state = make.log(make.statement(), make.statement(.withdrawn))
        let before = state
        state.apply(ConsentEvent(sequence: 2, time: ConsentFixtures.noon, statement: make.statement()))
        state.apply(ConsentEvent(sequence: 1, time: ConsentFixtures.noon, statement: make.statement()))
        #expect(state == before)
    }

    @Test func replacesTheRecordOfTheSameKeyOnly() {
        let state = make.log(
            make.statement(),
            make.statement(.given, .liveEmbed, to: "partner"),
            make.statement(.withdrawn)
        )
        #expect(state.records(of: make.alice).count == 2)
        #expect(state.record(for: make.statement().key)?.statement.state == .withdrawn)
    }

    @Test func foldsTheSameLogToTheSameStateHoweverItIsCut() {
        let statements = [
            make.statement(), make.statement(.withdrawn), make.statement(.given, .liveEmbed, to: "a"),
            make.statement(.renewed, media: [.audio]),
        ]
        let events = statements.enumerated().map { index, statement in
            ConsentEvent(sequence: UInt64(index) + 1, time: ConsentFixtures.noon, statement: statement)
        }
        for cut in 0...events.count {
            var state = RoomConsent(folding: events.prefix(cut))
            for event in events.dropFirst(cut) { state.apply(event) }
            #expect(state == make.log(statements))
        }
    }

    @Test func namesWhatKeepsAStatementFromBeingRecorded() {
        let long = String(repeating: "x", count: ConsentStatement.longestText + 1)
        #expect(make.statement().fault == nil)
        #expect(make.statement(.refused, .liveEmbed, media: []).fault == nil)
        #expect(make.statement(.given, .liveEmbed).fault == .recipientMissing)
        #expect(make.statement(.given, .liveRoom, to: "partner").fault == .recipientUnexpected)
        #expect(make.statement(.given, .liveEmbed, to: "a b").fault == .recipientMalformed)
        #expect(make.statement(media: []).fault == .mediaMissing)
        #expect(make.statement(from: 5, until: 5).fault == .validityEmpty)
        #expect(
            make.statement(.given, .recording, to: "vault", source: .recordPreference).fault
                == .sourceOnlyNarrows
        )
        #expect(make.statement(stream: long).fault == .textTooLong)
    }
}
