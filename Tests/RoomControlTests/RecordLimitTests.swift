import Disclosures
import LedgerStore
import Primitives
import RoomControl
import Testing

/// How many things one participant may have decided about, over the real ledger.
@Suite struct RecordLimitTests {
    private static let limit = 256

    private let fixture: RelayFixture

    init() throws { fixture = try RelayFixture() }

    private func change(
        _ control: RelayControl,
        _ choice: ConsentChange.Choice,
        _ recipients: [String],
        stream: String? = nil
    ) async throws {
        _ = try await control.changeConsents(
            fixture.room,
            fixture.ada,
            recipients.map {
                ConsentChange(purpose: .recording, recipient: $0, stream: stream, choice: choice)
            },
            by: .participantByAPI,
            sendsPrivacyControl: false,
            ifEpoch: nil
        )
    }

    private func state(_ control: RelayControl, _ recipient: String) async throws -> String? {
        try await control.consents(fixture.room, fixture.ada).audiences.first { $0.recipient == recipient }?
            .state
    }

    @Test func grantsBeyondTheLimitAreRefusedAndWhatTakesAwayNever() async throws {
        try await fixture.run { control, _ in
            let recorders = (0..<Self.limit).map { "r\($0)" }
            for first in stride(from: 0, to: Self.limit, by: 64) {
                try await change(control, .grant, Array(recorders[first..<first + 64]))
            }
            await #expect { try await change(control, .grant, ["late"]) } throws: { error in
                (error as? RelayProblem)?.code == "too-many-records"
            }
            await #expect(throws: RelayProblem.self) {
                try await change(control, .grant, ["r7"], stream: "another")
            }
            try await change(control, .grant, ["r7"])
            #expect(try await state(control, "r7") == "permitted")
            // There is no place for a word about one stream: it takes the recipient away from all.
            try await change(control, .refuse, ["r7"], stream: "another")
            #expect(try await state(control, "r7") == "withheld")
            #expect(try await state(control, "r8") == "permitted")
            // Nor for one about a recipient unheard of: it takes all of them away.
            try await change(control, .refuse, ["unheard-of"])
            #expect(try await state(control, "r8") == "withheld")
            let records = try await control.consents(fixture.room, fixture.ada).audiences
            #expect(records.count { $0.record != nil } == Self.limit + 1)
            _ = try await control.endEveryGrant(of: fixture.ada, by: .participantByAPI, including: nil)
            #expect(try await state(control, "r9") == "withheld")
        }
    }
}
