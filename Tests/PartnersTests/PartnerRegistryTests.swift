import Disclosures
import Foundation
import Partners
import Primitives
import Synchronization
import Testing

@Suite struct PartnerRegistryTests: ~Copyable {
    private let directory: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "partners-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        directory = folder.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func terms(_ origins: String...) -> Partner.Terms {
        Partner.Terms(
            legalName: "Example Ltd",
            contact: "privacy@example.org",
            origins: Set(origins.compactMap { WebOrigin($0) })
        )
    }

    private func time(_ seconds: Int64) -> WallClockTime {
        WallClockTime(nanosecondsSince1970: (1_800_000_000 + seconds) * 1_000_000_000)
    }

    @Test func whatWasSetOutlivesARestart() async throws {
        let registry = try PartnerRegistry(directory: directory)
        let room = try #require(RoomName("demo"))
        var wanted = terms("https://site.example")
        wanted.rooms = [room]
        wanted.media = [.video]
        wanted.maximumViewers = 7
        let (added, key) = try await registry.add("site", wanted)
        #expect(added.terms == wanted && added.state == .active)
        let again = try PartnerRegistry(directory: directory)
        #expect(again.partner("site") == added)
        #expect(again.partner(holding: key.text) == added)
        #expect(added.mayReceive(.liveEmbed, of: room))
        #expect(!added.mayReceive(.rebroadcast, of: room))
        #expect(!added.mayReceive(.liveEmbed, of: try #require(RoomName("other"))))
    }

    /// What registries tell of, and the time that they read.
    private final class Listings: Sendable {
        private let state = Mutex((told: [String](), now: Int64(0)))

        var told: [String] { state.withLock { $0.told } }

        func take(_ partner: Partner) { state.withLock { $0.told.append(partner.terms.legalName) } }

        func advance() -> WallClockTime {
            state.withLock { state in
                state.now += 1
                return WallClockTime(nanosecondsSince1970: state.now)
            }
        }
    }

    @Test func whoComesUnderAGrantToAnyPartnerIsToldAndDated() async throws {
        let listings = Listings()
        let registry = try PartnerRegistry(directory: directory) { listings.advance() }
        registry.observeListings { listings.take($0) }
        let (demo, other) = (try #require(RoomName("demo")), try #require(RoomName("other")))
        var wanted = terms("https://site.example")
        wanted.rooms = [demo]
        let (added, _) = try await registry.add("site", wanted)
        #expect(added.listedAt == WallClockTime(nanosecondsSince1970: 1))

        // Nothing of this shows a participant to anybody new.
        wanted.contact = "new@example.org"
        wanted.maximumViewers = 7
        let same = try await registry.update("site", terms: wanted, state: .active)
        _ = try await registry.rotateKey("site")
        #expect(same.listedAt == added.listedAt && listings.told == ["Example Ltd"])

        wanted.rooms = [demo, other]
        let wider = try await registry.update("site", terms: wanted, state: .active)
        wanted.legalName = "Another Ltd"
        _ = try await registry.update("site", terms: wanted, state: .active)
        let suspended = try await registry.update("site", terms: wanted, state: .suspended)
        let back = try await registry.update("site", terms: wanted, state: .active)
        #expect(wider.listedAt == WallClockTime(nanosecondsSince1970: 2))
        #expect(suspended.listedAt == WallClockTime(nanosecondsSince1970: 3))
        #expect(back.listedAt == WallClockTime(nanosecondsSince1970: 4))
        #expect(listings.told == ["Example Ltd", "Example Ltd", "Another Ltd", "Another Ltd"])

        // A grant to any partner site does not reach one that re-broadcasts.
        var push = terms()
        push.purposes = [.rebroadcast]
        let (server, _) = try await registry.add("server", push)
        #expect(server.listedAt == nil && listings.told.count == 4)
        let again = try PartnerRegistry(directory: directory)
        #expect(again.partner("site")?.listedAt == back.listedAt)
    }

    @Test func anEarlierKeyOpensNothing() async throws {
        let registry = try PartnerRegistry(directory: directory)
        let (_, first) = try await registry.add("site", terms("https://site.example"))
        let (rotated, second) = try await registry.rotateKey("site")
        #expect(registry.partner(holding: first.text) == nil)
        #expect(registry.partner(holding: second.text) == rotated)
        #expect(rotated.keyNumber == 2)
        try await registry.remove("site")
        #expect(registry.partner(holding: second.text) == nil)
        // Grants of the one that was removed are not the new one's.
        let (added, _) = try await registry.add("site", terms("https://site.example"))
        #expect(added.keyNumber == 3)
    }

    @Test func keysAreNotKept() async throws {
        let registry = try PartnerRegistry(directory: directory)
        let (_, key) = try await registry.add("site", terms("https://site.example"))
        for file in try FileManager.default.contentsOfDirectory(atPath: directory) {
            let content = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + file))
            #expect(content.range(of: Data(key.text.utf8)) == nil)
        }
        #expect("\(key)" == "tpk_…")
    }

    @Test func refusesWhatIsMalformed() async throws {
        let registry = try PartnerRegistry(directory: directory)
        await #expect(throws: PartnerRegistryError.malformed(.identifierMalformed)) {
            try await registry.add("a b", terms("https://site.example"))
        }
        await #expect(throws: PartnerRegistryError.malformed(.originsMalformed)) {
            try await registry.add("site", terms())
        }
        var wrong = terms("https://site.example")
        wrong.purposes = [.recording]
        await #expect(throws: PartnerRegistryError.malformed(.purposesMalformed)) {
            try await registry.add("site", wrong)
        }
        wrong = terms("https://site.example")
        wrong.legalName = ""
        await #expect(throws: PartnerRegistryError.malformed(.textMalformed)) {
            try await registry.add("site", wrong)
        }
        wrong = terms("https://site.example")
        wrong.maximumViewers = 0
        await #expect(throws: PartnerRegistryError.malformed(.limitOutOfRange)) {
            try await registry.add("site", wrong)
        }
        _ = try await registry.add("site", terms("https://site.example"))
        await #expect(throws: PartnerRegistryError.exists) {
            try await registry.add("site", terms("https://site.example"))
        }
        await #expect(throws: PartnerRegistryError.unknown) { try await registry.remove("nobody") }
    }

    @Test(arguments: ["\u{202E}", "\u{2066}", "\u{200B}", "\u{0}", "\u{7F}", "\n", "\u{2028}"])
    func whatTurnsOrHidesTextIsInNoNameAndNoContact(_ hidden: String) throws {
        var wanted = terms("https://site.example")
        wanted.legalName = "Exämple \(hidden)Média"
        #expect(wanted.fault == .textMalformed)
        wanted.legalName = "Exämple Média 株式会社"
        #expect(wanted.fault == nil)
        wanted.contact = "privacy\(hidden)@example.org"
        #expect(wanted.fault == .textMalformed)
    }

    /// What is taken away is gone before the sessions are told, and so before anybody is answered.
    @Test func takesAwayBeforeItTells() async throws {
        let registry = try PartnerRegistry(directory: directory)
        _ = try await registry.add("site", terms("https://site.example", "https://old.example"))
        let seen = Mutex<[(PartnerChange, Partner?)]>([])
        registry.observe { change in
            let partner = registry.partner(change.partner)
            seen.withLock { $0.append((change, partner)) }
        }
        let old = try #require(WebOrigin("https://old.example"))
        _ = try await registry.update("site", terms: terms("https://site.example"), state: .active)
        _ = try await registry.update("site", terms: terms("https://site.example"), state: .suspended)
        _ = try await registry.update("site", terms: terms("https://site.example"), state: .active)
        try await registry.remove("site")
        let told = seen.withLock { $0 }
        #expect(told.map(\.0) == [.originsRemoved("site", [old]), .suspended("site"), .removed("site")])
        #expect(told[0].1?.terms.origins.contains(old) == false)
        #expect(told[1].1?.state == .suspended)
        #expect(told[2].1 == nil)
    }

    @Test func whatOnlyWidensEndsNothing() async throws {
        let registry = try PartnerRegistry(directory: directory)
        _ = try await registry.add("site", terms("https://site.example"))
        let count = Mutex(0)
        registry.observe { _ in count.withLock { $0 += 1 } }
        var wide = terms("https://site.example", "https://new.example")
        wide.purposes = [.liveEmbed, .rebroadcast]
        wide.maximumViewers = 5_000
        _ = try await registry.update("site", terms: wide, state: .active)
        #expect(count.withLock { $0 } == 0)
        wide.rooms = [try #require(RoomName("demo"))]
        _ = try await registry.update("site", terms: wide, state: .active)
        #expect(count.withLock { $0 } == 1)
    }

    @Test func aGrantIsRedeemedOnceAlsoAfterARestart() async throws {
        let registry = try PartnerRegistry(directory: directory)
        #expect(try await registry.redeem("g1", forgottenAt: time(60), now: time(0)))
        #expect(try await !registry.redeem("g1", forgottenAt: time(60), now: time(1)))
        let again = try PartnerRegistry(directory: directory)
        #expect(try await !again.redeem("g1", forgottenAt: time(60), now: time(2)))
        // What nobody can redeem any more is forgotten, so that the file does not grow.
        #expect(try await again.redeem("g2", forgottenAt: time(200), now: time(100)))
        #expect(try await again.redeem("g1", forgottenAt: time(200), now: time(100)))
    }

    @Test func aFileOfAnotherApplicationIsRefused() async throws {
        try Data("SQLite format 3\0 and nothing else".utf8).write(
            to: URL(fileURLWithPath: directory + "/partners.sqlite")
        )
        #expect(throws: PartnerRegistryError.self) { try PartnerRegistry(directory: directory) }
    }
}
