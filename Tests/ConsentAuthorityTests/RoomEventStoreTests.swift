import Disclosures
import Foundation
import GRDB
import LedgerStore
import NaiveDecisions
import Primitives
import Testing

/// How events of every kind are kept, and what becomes of people in them.
@Suite
struct RoomEventStoreTests {
    let ledger: LedgerFixture

    init() throws { ledger = try LedgerFixture() }

    /// Random events of every kind, numbered from 1; none of them erased.
    private func events(_ seeds: Range<UInt64>) -> [ConsentEvent] {
        let all = seeds.flatMap { seed in
            var cases = RandomCases(seed: seed)
            return cases.log(limit: 30)
        }
        return all.filter { $0.content != .erased }.enumerated().map { index, event in
            ConsentEvent(sequence: UInt64(index) + 1, time: event.time, content: event.content)
        }
    }

    private func kind(_ event: ConsentEvent) -> String {
        String(describing: event.content).prefix { $0 != "(" }.lowercased()
    }

    @Test func readsEveryKindBackExactly() async throws {
        let events = events(0..<40)
        #expect(Set(events.map(kind)).count == 7)
        let store = try await ledger.open()
        try await store.append(events, room: ledger.room)
        #expect(try await store.read(room: ledger.room, after: 0) == events)
        await store.close()
        let again = try await ledger.open()
        #expect(try await again.read(room: ledger.room, after: 0) == events)
    }

    @Test func readsBackEveryTermOfAGrant() async throws {
        let (europe, california) = (try #require(Region("EU")), try #require(Region("US-CA")))
        let terms = ConsentTerms(
            language: "de-AT",
            lawfulBasis: .explicitConsent,
            retentionSeconds: 2_592_000,
            storageLocations: [europe],
            geographicRestrictions: [europe, california],
            jurisdiction: "AT",
            withdrawalMethod: "https://relay.example/rooms/lobby \"now\"",
            evidence: "form 7/\u{1F511}"
        )
        let statement = ConsentStatement(
            participant: try #require(ParticipantID("bob")),
            purpose: .liveEmbed,
            coversWholeClass: true,
            session: "s-1",
            state: .given,
            media: Set(MediaType.allCases),
            source: .guardian,
            givenAt: WallClockTime(nanosecondsSince1970: .min),
            entity: "mum",
            notice: NoticeReference(id: "n", version: "2", sha256: String(repeating: "c", count: 64)),
            terms: terms
        )
        let event = ConsentEvent(
            sequence: 1,
            time: WallClockTime(nanosecondsSince1970: .max),
            statement: statement
        )
        let store = try await ledger.open()
        try await store.append([event], room: ledger.room)
        #expect(try await store.read(room: ledger.room, after: 0) == [event])
    }

    @Test func namesPeopleInOneTableOnly() async throws {
        let events = events(0..<40)
        let store = try await ledger.open()
        try await store.append(events, room: ledger.room)
        let rows = try await DatabaseQueue(path: ledger.path).read {
            try String.fetchAll(
                $0,
                sql: "SELECT room || kind || coalesce(principal, '') || body FROM room_event"
            )
        }
        #expect(rows.count == events.count)
        for name in ["alice", "bob", "mum", "dad", "judge", "counsel"] {
            #expect(!rows.contains { $0.contains(name) }, "\(name)")
        }
    }

    @Test func erasingAPersonTakesItOutOfEveryEventAndLeavesTheLogWhole() async throws {
        let events = events(0..<40)
        let alice = try #require(ParticipantID("alice"))
        let store = try await ledger.open()
        try await store.append(events, room: ledger.room)
        #expect(try await store.rooms(of: alice) == [ledger.room])
        #expect(try await store.erasePrincipal("alice"))
        #expect(try await store.erasePrincipal("alice") == false)
        let left = try await store.read(room: ledger.room, after: 0)
        #expect(left.map(\.sequence) == events.map(\.sequence))
        for (before, after) in zip(events, left) {
            #expect(after.content == (before.subject == .participant(alice) ? .erased : before.content))
        }
        #expect(try await store.rooms(of: alice).isEmpty)
        // Who comes under that name later is somebody else.
        let next = ConsentEvent(
            sequence: UInt64(events.count) + 1,
            time: RandomCases.now.wall,
            content: .principal(PrincipalStatus(participant: alice))
        )
        try await store.append([next], room: ledger.room)
        let state = RoomConsent(folding: try await store.read(room: ledger.room, after: 0))
        #expect(state.records(of: alice).isEmpty)
        await store.close()
        for file in ["/ledger.sqlite", "/ledger.sqlite-wal"] {
            guard let bytes = FileManager.default.contents(atPath: ledger.directory + file) else { continue }
            // The row of the newcomer is the only place.
            #expect(bytes.occurrences(of: Data("alice".utf8)) <= 2, "\(file)")
        }
    }

    @Test func anErasedGuardianAnswersForNobodyAndOthersStayApart() async throws {
        let bob = try #require(ParticipantID("bob"))
        let status = PrincipalStatus(participant: bob, ageBand: .under13, guardian: "mum")
        let demand = LegalDemand(
            id: "1",
            participant: bob,
            authority: "court",
            basis: "order",
            purposes: [.liveRoom],
            media: [.video],
            validity: .always,
            approvals: ["mum", "dad"]
        )
        let store = try await ledger.open()
        let contents: [ConsentEvent.Content] = [.principal(status), .demand(demand)]
        let events = contents.enumerated().map { index, content in
            ConsentEvent(sequence: UInt64(index) + 1, time: RandomCases.now.wall, content: content)
        }
        try await store.append(events, room: ledger.room)
        _ = try await store.erasePrincipal("mum")
        _ = try await store.erasePrincipal("dad")
        let state = RoomConsent(folding: try await store.read(room: ledger.room, after: 0))
        #expect(state.status(of: bob).guardian == nil)
        #expect(state.demands(of: bob).first?.demand.approvals.count == 2)
    }

    @Test(arguments: [
        ("wish", #"{"id":"1"}"#, nil as Int64?), ("hold", "{}", 1), ("hold", "not json", 1),
        ("controller", #"{"controller":"c","reason":"r","until":9}"#, nil),
        ("controller", #"{"reason":"r","controller":"c"}"#, nil),
        ("hold", #"{"id":"h","lifted":false,"purposes":["live_room","live_room"],"reason":"r"}"#, 1),
        ("hold", #"{"id":"h","lifted":false,"purposes":["mind_reading"],"reason":"r"}"#, 1),
        ("hold", #"{"id":"h","lifted":false,"purposes":[],"reason":"r"}"#, nil),
        (
            "rules",
            #"{"consent_rule":"per-stream","minors":[],"recorded_only":false,"relay_region":"Mars","unknown_age_is_child":false}"#,
            nil
        ),
    ])
    func opensNoRoomWhoseLogSaysWhatIsNotUnderstood(
        kind: String,
        body: String,
        principal: Int64?
    ) async throws {
        let store = try await ledger.open()
        try await store.append([try ledger.event(1)], room: ledger.room)
        let other = try DatabaseQueue(path: ledger.path)
        try await other.write { connection in
            try connection.execute(
                sql:
                    "INSERT INTO room_event (room, sequence, time, kind, principal, body) VALUES (1, 2, 0, ?, ?, ?)",
                arguments: [kind, principal, body]
            )
        }
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await store.read(room: ledger.room, after: 0)
        }
        guard case .unusable(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("lobby") && text.contains("after event 1"))
        #expect(!text.contains("alice"))
    }

    @Test func carriesTheFirstLayoutOver() async throws {
        try FileManager.default.createDirectory(
            atPath: ledger.directory,
            withIntermediateDirectories: true
        )
        try await DatabaseQueue(path: ledger.path).write { connection in
            try connection.execute(sql: Self.firstLayout)
        }
        let store = try await ledger.open()
        let events = try await store.read(room: ledger.room, after: 0)
        #expect(events == [try ledger.event(1), try ledger.fullEvent(2)])
        try await store.append([try ledger.event(3, .withdrawn)], room: ledger.room)
        await store.close()
        let bytes = try #require(FileManager.default.contents(atPath: ledger.path))
        #expect(bytes.occurrences(of: Data("consent_event".utf8)) == 0)
        let again = try await ledger.open()
        #expect(try await again.read(room: ledger.room, after: 0).count == 3)
    }

    @Test func opensNothingOfAFirstLayoutThatItCannotCarryOver() async throws {
        try FileManager.default.createDirectory(
            atPath: ledger.directory,
            withIntermediateDirectories: true
        )
        try await DatabaseQueue(path: ledger.path).write { connection in
            try connection.execute(
                sql: Self.firstLayout.replacingOccurrences(of: "'ConsentGiven'", with: "'Whatever'")
            )
        }
        let error = await ledgerError { () async throws(LedgerError) in
            _ = try await SQLiteLedgerStore(directory: ledger.directory)
        }
        #expect(error?.isUnusable == true)
        let rows = try await DatabaseQueue(path: ledger.path).read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM consent_event")
        }
        #expect(rows == 2)
    }

    /// A file as the first layout left it, with the fixture's plain and full events.
    private static let firstLayout = """
        PRAGMA application_id = \(0x5461_6C79);
        PRAGMA user_version = 1;
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1 consent events');
        CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE consent_event (
            room INTEGER NOT NULL REFERENCES room(id), sequence INTEGER NOT NULL CHECK (sequence > 0),
            time INTEGER NOT NULL, participant TEXT NOT NULL, purpose TEXT NOT NULL, recipient TEXT,
            stream TEXT, state TEXT NOT NULL, media TEXT NOT NULL, valid_from INTEGER, valid_until INTEGER,
            source TEXT NOT NULL, given_at INTEGER NOT NULL, entity TEXT, notice_id TEXT, notice_sha256 TEXT,
            PRIMARY KEY (room, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER consent_event_is_never_deleted BEFORE DELETE ON consent_event
        BEGIN SELECT RAISE(ABORT, 'consent events are never deleted'); END;
        CREATE TABLE heartbeat (
            id INTEGER PRIMARY KEY CHECK (id = 1), beats INTEGER NOT NULL, filler BLOB NOT NULL
        ) STRICT;
        INSERT INTO heartbeat (id, beats, filler) VALUES (1, 0, x'');
        INSERT INTO room (id, name) VALUES (1, 'lobby');
        INSERT INTO consent_event VALUES (
            1, 1, 1700000000000000001, 'alice', 'live_room', NULL, NULL, 'ConsentGiven', 'audio,video',
            NULL, NULL, 'page', 1700000000000000000, NULL, NULL, NULL);
        INSERT INTO consent_event VALUES (
            1, 2, -5, 'bob', 'live_embed', 'partner', 'cam 1; DROP TABLE room --', 'RenewedConsentGiven',
            'video', -9223372036854775808, 9223372036854775807, 'sdp-recordpref', 7,
            'operator:\u{1F511}', 'notice-1', '\(String(repeating: "ab", count: 32))');
        """
}

extension Data {
    /// How often `pattern` stands in these bytes.
    fileprivate func occurrences(of pattern: Data) -> Int {
        var count = 0
        var start = startIndex
        while let found = self[start...].range(of: pattern) {
            count += 1
            start = found.upperBound
        }
        return count
    }
}
