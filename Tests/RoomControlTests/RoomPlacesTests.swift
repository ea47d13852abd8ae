import Disclosures
import LedgerStore
import Primitives
import RoomControl
import Testing

/// Who may have a room in memory, over the real ledger.
@Suite struct RoomPlacesTests {
    private let fixture: RelayFixture

    init() throws { fixture = try RelayFixture() }

    private func room(_ name: String) throws -> RoomName { try #require(RoomName(name)) }

    private func state(_ control: RelayControl, in room: RoomName) async throws -> String? {
        try await control.consents(room, fixture.ada).audiences.first { $0.purpose == "live_room" }?.consent
    }

    /// A relay whose places are all taken by rooms in which something happens.
    private func fill(_ control: RelayControl, places: Int) async throws -> [AsyncStream<RelayEvent>] {
        var readers: [AsyncStream<RelayEvent>] = []
        for number in 0..<places {
            let busy = try room("busy\(number)")
            try await fixture.grant(control, in: busy)
            readers.append(try await control.participantEvents(busy, fixture.ada, after: nil))
        }
        await #expect(throws: RelayProblem.self) { try await fixture.grant(control, in: room("late")) }
        return readers
    }

    @Test func looksAtRoomsThatNobodyKnowsOpenNone() async throws {
        try await fixture.run(maximumRooms: 1) { control, _ in
            for number in 0..<200 {
                let unknown = try room("x\(number)")
                #expect(try await control.governance(of: unknown).epoch == 0)
                #expect(try await control.governance(of: fixture.ada, in: unknown).epoch == 0)
                #expect(try await control.consents(unknown, fixture.ada).epoch == 0)
            }
            #expect(await control.metricsText().contains("\ntally_rooms 0\n"))
            try await fixture.grant(control)
        }
    }

    @Test func aRoomInWhichNothingHappensMakesPlaceAndKeepsItsWord() async throws {
        try await fixture.run(maximumRooms: 1) { control, _ in
            let rooms = try (0..<5).map { try room("r\($0)") }
            for room in rooms { try await fixture.grant(control, in: room) }
            for room in rooms { #expect(try await state(control, in: room) == "ConsentGiven") }
        }
    }

    @Test func whatTakesAwayNeedsNoPlace() async throws {
        let closed = try room("closed")
        let second = try room("second")
        try await fixture.run { control, _ in
            try await fixture.grant(control, in: closed)
            try await fixture.grant(control, in: second)
        }
        try await fixture.run(maximumRooms: 2) { control, _ in
            let readers = try await fill(control, places: 2)
            #expect(try await state(control, in: closed) == "ConsentGiven")
            try await fixture.grant(control, in: closed, .withdraw)
            #expect(try await state(control, in: closed) == "ConsentWithdrawn")
            let ended = try await control.endEveryGrant(
                of: fixture.ada,
                by: .participantByAPI,
                including: nil
            )
            #expect(Set(ended.map(\.room.text)).isSuperset(of: ["second", "busy0", "busy1"]))
            #expect(try await state(control, in: second) == "ConsentWithdrawn")
            try await fixture.hold(control)
            try await fixture.hold(control, lifted: true)
            let answer = try await control.requestErasure(of: fixture.ada, byOperator: false)
            #expect(answer.isDone, "an erasure needs no place either")
            #expect(readers.count == 2)
        }
    }

    @Test func everyGrantEndsInMoreRoomsThanThereArePlaces() async throws {
        try await fixture.run(maximumRooms: 2) { control, _ in
            let rooms = try (0..<150).map { try room("r\($0)") }
            for room in rooms { try await fixture.grant(control, in: room) }
            let ended = try await control.endEveryGrant(
                of: fixture.ada,
                by: .participantByAPI,
                including: nil
            )
            #expect(ended.count == rooms.count)
            for room in rooms { #expect(try await state(control, in: room) == "ConsentWithdrawn") }
        }
    }
}
