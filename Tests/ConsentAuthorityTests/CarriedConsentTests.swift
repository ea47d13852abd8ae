import ConsentAuthority
import Disclosures
import Primitives
import Testing

/// Tracks that another relay passes on, with what it carries along.
@Suite
struct CarriedConsentTests {
    var room: AuthorityFixture

    init() throws {
        room = try AuthorityFixture()
        room.effects = []
    }

    private mutating func carry(_ carried: CarriedConsent) {
        room.authority.carry(carried, with: AuthorityFixture.track, now: room.now, effects: &room.effects)
    }

    @Test mutating func whatIsCarriedNarrowsAtOnceAndWritesNothing() throws {
        try room.grant(room.statement())
        let written = room.appends.count
        carry([.live, .recording])
        #expect(room.gateWords == [])
        carry(.recording)
        #expect(room.gateWords == ["close 1"])
        #expect(room.told() == .deny(.notCarried))
        #expect(room.appends.count == written)
        carry(.live)
        #expect(room.gateWords == ["close 1", "open 1"])
    }

    @Test mutating func whatIsCarriedOpensNothingThatTheRoomsOwnRecordsDoNot() throws {
        carry(CarriedConsent(rawValue: .max))
        #expect(room.effects.isEmpty)
        #expect(room.authority.overview(now: room.now).entries.allSatisfy { !$0.isGranted })
    }

    @Test mutating func aTrackThatStartsUnderNothingStaysShutUntilSomethingIsCarried() throws {
        let track = TrackID(2)
        room.authority.trackStarted(
            track,
            participant: room.alice,
            media: .audio,
            stream: "mic",
            carried: [],
            now: room.now,
            effects: &room.effects
        )
        room.submit(room.statement())
        try room.commit()
        #expect(room.gateWords == ["open 1"], "the track of nowhere else alone")
        room.effects = []
        room.authority.carry(.live, with: track, now: room.now, effects: &room.effects)
        let opensLater = room.effects.contains {
            if case .openGate(track, AuthorityFixture.viewers, _, _) = $0 { return true }
            return false
        }
        #expect(opensLater)
    }

    @Test mutating func aTrackThatHasEndedCarriesNothing() {
        room.authority.trackEnded(AuthorityFixture.track, effects: &room.effects)
        room.effects = []
        carry(.live)
        #expect(room.effects.isEmpty)
    }
}
