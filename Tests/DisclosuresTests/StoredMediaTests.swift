import Disclosures
import Primitives
import Testing

/// The rule of two times, and outputs of several inputs.
@Suite
struct StoredMediaTests {
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    /// A log of events at seconds around noon.
    private func room(_ events: (Int64, ConsentEvent.Content)...) -> RoomConsent {
        RoomConsent(
            folding: events.enumerated().map { index, event in
                ConsentEvent(
                    sequence: UInt64(index) + 1,
                    time: ConsentFixtures.seconds(event.0),
                    content: event.1
                )
            }
        )
    }

    private func recording(
        _ state: ConsentState,
        from: Int64? = nil,
        until: Int64? = nil,
        keptSeconds: Int64? = nil
    ) -> ConsentEvent.Content {
        .statement(
            make.statement(
                state,
                .recording,
                to: "vault",
                from: from,
                until: until,
                terms: ConsentTerms(retentionSeconds: keptSeconds)
            )
        )
    }

    private var replay: ConsentEvent.Content { .statement(make.statement(.given, .replayRoom)) }

    private func decided(
        _ state: RoomConsent,
        _ from: Int64,
        _ until: Int64,
        epochs: ClosedRange<UInt64>? = nil
    ) throws -> Decision {
        var request = make.request(to: try #require(Audience(purpose: .replayRoom, recipient: nil)))
        request.captured = CapturedMedia(
            recorder: "vault",
            from: ConsentFixtures.seconds(from),
            until: ConsentFixtures.seconds(until),
            epochs: epochs
        )
        return decide(request, state, now: ConsentFixtures.now)
    }

    @Test func needsRecordingConsentThenAndReplayConsentNow() throws {
        let state = room((-60, recording(.given)), (-20, recording(.withdrawn)), (-10, replay))
        #expect(try decided(state, -60, -20).denyReason == nil)
        #expect(try decided(state, -61, -20).denyReason == .capturedWithout)
        #expect(try decided(state, -60, -19).denyReason == .capturedWithout)
        #expect(try decided(state, -15, -12).denyReason == .capturedWithout)
        let withoutReplay = room((-60, recording(.given)))
        #expect(try decided(withoutReplay, -60, -20).denyReason == .purpose)
    }

    @Test func aNewGrantNeverOpensTheGap() throws {
        let state = room(
            (-60, replay),
            (-50, recording(.given)),
            (-40, recording(.withdrawn)),
            (-30, recording(.given))
        )
        #expect(try decided(state, -50, -40).denyReason == nil)
        #expect(try decided(state, -30, -5).denyReason == nil)
        #expect(try decided(state, -45, -25).denyReason == .capturedWithout)
        #expect(try decided(state, -38, -32).denyReason == .capturedWithout)
    }

    @Test func theWindowOfTheGrantCountsAtTheMomentOfCapture() throws {
        let state = room((-60, replay), (-60, recording(.given, from: -50, until: -40)))
        #expect(try decided(state, -50, -40).denyReason == nil)
        #expect(try decided(state, -51, -40).denyReason == .capturedWithout)
        #expect(try decided(state, -50, -39).denyReason == .capturedWithout)
    }

    @Test func stoodUnderAMaterialNoticeCapturesNothing() throws {
        let notice = make.notice("2", purposes: [.recording])
        let state = room((-60, replay), (-60, recording(.given)), (-30, .notice(notice)))
        #expect(try decided(state, -60, -30).denyReason == nil)
        #expect(try decided(state, -60, -29).denyReason == .capturedWithout)
    }

    @Test func storedMediaNeedsToSayWhenItWasCaptured() throws {
        let request = make.request(to: try #require(Audience(purpose: .replayRoom, recipient: nil)))
        let state = room((-60, recording(.given)), (-50, replay))
        #expect(decide(request, state, now: ConsentFixtures.now).denyReason == .capturedWithout)
        #expect(try decided(state, -40, -40).denyReason == .malformed)
        #expect(try decided(state, -40, -41).denyReason == .malformed)
    }

    @Test func isKeptNoLongerThanAgreed() throws {
        let state = room((-60, replay), (-60, recording(.given, keptSeconds: 50)))
        guard case .permit(let permit) = try decided(state, -45, -40) else {
            Issue.record("denied")
            return
        }
        #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 5000))
        #expect(try decided(state, -50, -40).denyReason == .expired)
        let rules = ConsentEvent.Content.rules(RoomRules(retentionSeconds: 10))
        let shorter = room((-60, replay), (-60, recording(.given)), (-5, rules))
        #expect(try decided(shorter, -9, -6).denyReason == nil)
        #expect(try decided(shorter, -10, -6).denyReason == .expired)
    }

    private func retention(_ state: RoomConsent, _ from: Int64, _ until: Int64) throws -> MediaRetention {
        let captured = CapturedMedia(
            recorder: "vault",
            from: ConsentFixtures.seconds(from),
            until: ConsentFixtures.seconds(until)
        )
        return state.retention(of: captured, make.request())
    }

    @Test func hasToGoAfterTheShortestTermThatItWasCapturedUnder() throws {
        let state = room(
            (-60, recording(.given, keptSeconds: 50)),
            (-30, recording(.renewed, keptSeconds: 20)),
            (-10, recording(.renewed))
        )
        #expect(try retention(state, -45, -40) == .until(ConsentFixtures.seconds(5)))
        #expect(try retention(state, -45, -25) == .until(ConsentFixtures.seconds(-25)))
        #expect(try retention(state, -9, -5) == .unlimited)
        let rules = room((-60, recording(.given)), (-5, .rules(RoomRules(retentionSeconds: 10))))
        #expect(
            try retention(rules, -45, -40) == .until(ConsentFixtures.seconds(-35)),
            "rules that came later"
        )
    }

    /// Whether it may be shown is another question: only an erasure undoes what was agreed to.
    @Test func mayBeKeptAlthoughRecordingWasTakenBackSince() throws {
        let state = room((-60, recording(.given)), (-20, recording(.withdrawn)))
        #expect(try retention(state, -45, -40) == .unlimited)
        #expect(try retention(state, -45, -20) == .unlimited)
    }

    @Test func mayNotBeKeptWhereItWasNotAgreedTo() throws {
        let state = room((-60, recording(.given)), (-20, recording(.withdrawn)))
        #expect(try retention(state, -45, -19) == .notAgreed)
        #expect(try retention(state, -70, -40) == .notAgreed)
        #expect(try retention(state, -40, -40) == .notAgreed)
        #expect(try retention(RoomConsent(), -45, -40) == .notAgreed)
    }

    @Test func aClockSetBackOpensNoGap() throws {
        // The withdrawal is dated after the grant that follows it.
        let state = room(
            (-90, replay),
            (-60, recording(.given)),
            (-20, recording(.withdrawn)),
            (-40, recording(.given))
        )
        #expect(try decided(state, -60, -40).denyReason == nil)
        #expect(try decided(state, -38, -30).denyReason == .capturedWithout)
    }

    @Test func epochsSayWhatNoClockCan() throws {
        let state = room(
            (-90, replay),
            (-60, recording(.given)),
            (-50, recording(.withdrawn)),
            (-50, recording(.given))
        )
        #expect(try decided(state, -58, -45).denyReason == nil)
        #expect(try decided(state, -58, -45, epochs: 2...2).denyReason == nil)
        #expect(try decided(state, -58, -45, epochs: 2...4).denyReason == .capturedWithout)
    }

    @Test func leavesOutOfAMixWhatMayNotReachTheAudience() throws {
        let state = make.log(
            make.statement(until: 9),
            make.statement(.given, of: make.bob, until: 4),
            make.statement(.refused, of: make.bob, stream: "screen")
        )
        var other = make.request()
        other.participant = make.bob
        var screen = other
        screen.stream = "screen"
        let mix = decideMix([make.request(), other, screen], state, now: ConsentFixtures.now)
        #expect(mix.leftOut == [2])
        #expect(mix.inputs.map(\.denyReason) == [nil, nil, .refused])
        let permit = try #require(mix.permit)
        #expect(permit.notAfter == ConsentFixtures.now.monotonic.advanced(byMilliseconds: 4000))
        #expect(decideMix([screen], state, now: ConsentFixtures.now).permit == nil)
        #expect(decideMix([], state, now: ConsentFixtures.now).permit == nil)
    }

    @Test func aMixIsForOneAudience() throws {
        let partner = make.request(to: try make.embed("partner"))
        let state = make.log(make.statement(), make.statement(.given, .liveEmbed, to: "partner"))
        let mix = decideMix([make.request(), partner], state, now: ConsentFixtures.now)
        #expect(mix.permit == nil)
        #expect(mix.inputs.map(\.denyReason) == [.malformed, .malformed])
    }
}
