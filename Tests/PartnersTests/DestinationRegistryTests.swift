import Disclosures
import Foundation
import Partners
import Primitives
import Synchronization
import Testing

@Suite struct DestinationRegistryTests: ~Copyable {
    private static let token = "a-token-of-the-destination"
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    private let directory: String
    private let room: RoomName

    init() throws {
        let studio = try #require(RoomName("studio"))
        let folder = FileManager.default.temporaryDirectory.appending(path: "destinations-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        room = studio
        directory = folder.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func registry(_ partners: String...) async throws -> PartnerRegistry {
        let registry = try PartnerRegistry(directory: directory)
        for partner in partners {
            let terms = Partner.Terms(
                legalName: "\(partner) Ltd",
                contact: "privacy@\(partner).example",
                purposes: [.rebroadcast]
            )
            _ = try await registry.add(partner, terms)
        }
        return registry
    }

    private func terms(_ partner: String = "site") throws -> Destination.Terms {
        Destination.Terms(
            partner: partner,
            url: try #require(ServerURL("https://media.example/whip")),
            token: HiddenText(Self.token),
            webhook: Destination.Webhook(
                url: try #require(ServerURL("https://media.example/hook")),
                secret: HiddenText(Self.secret),
                acknowledgementSeconds: 7
            )
        )
    }

    private func order(_ id: String, _ destination: String = "b", stream: String? = nil) -> PushOrder {
        PushOrder(id: id, room: room, destination: destination, stream: stream)
    }

    @Test func whatWasSetOutlivesARestart() async throws {
        let added = try await registry("site").destinations.add("b", try terms())
        #expect(added.state == .active)
        let again = try await registry().destinations
        #expect(again.destination("b") == added)
        try await again.cutOff("b", because: "unacknowledged")
        let third = try await registry().destinations
        #expect(third.destination("b")?.state == .cutOff)
        #expect(third.destination("b")?.reason == "unacknowledged")
        let resumed = try await third.update("b", terms: try terms(), state: .active)
        #expect(resumed.reason == nil)
    }

    @Test func secretsAreInNoText() async throws {
        let destination = try await registry("site").destinations.add("b", try terms())
        var dumped = ""
        dump(destination, to: &dumped)
        for text in ["\(destination)", String(reflecting: destination), dumped] {
            #expect(!text.contains(Self.token) && !text.contains(Self.secret))
        }
    }

    @Test func whatIsRemovedLeavesNoSecretInTheFile() async throws {
        let registry = try await registry("site")
        _ = try await registry.destinations.add("b", try terms())
        try await registry.destinations.remove("b")
        #expect(registry.destinations.destination("b") == nil)
        let again = try await self.registry()
        #expect(again.destinations.destinations.isEmpty)
    }

    @Test func termsThatCannotHoldAreRefused() async throws {
        let destinations = try await registry("site").destinations
        await #expect(throws: DestinationRegistryError.malformed(.identifierMalformed)) {
            _ = try await destinations.add("..", try terms())
        }
        for token in ["", "two words", String(repeating: "a", count: 4_097)] {
            var wanted = try terms()
            wanted.token = HiddenText(token)
            let refused = wanted
            await #expect(throws: DestinationRegistryError.malformed(.tokenMalformed)) {
                _ = try await destinations.add("b", refused)
            }
        }
        for seconds in [0, -1, 61] {
            var wanted = try terms()
            wanted.webhook?.acknowledgementSeconds = seconds
            let refused = wanted
            await #expect(throws: DestinationRegistryError.malformed(.timeOutOfRange)) {
                _ = try await destinations.add("b", refused)
            }
        }
        _ = try await destinations.add("b", try terms())
        await #expect(throws: DestinationRegistryError.exists) {
            _ = try await destinations.add("b", try terms())
        }
        await #expect(throws: DestinationRegistryError.unknown) {
            _ = try await destinations.update("c", terms: try terms(), state: .active)
        }
    }

    @Test func aPushOfARoomOutlivesARestartAndOneOfAStreamDoesNot() async throws {
        let destinations = try await registry("site").destinations
        _ = try await destinations.add("b", try terms())
        _ = try await destinations.add("c", try terms())
        try await destinations.keep(order("1"))
        try await destinations.keep(order("2", "c", stream: "abc"))
        #expect(destinations.orders(of: room).count == 2)
        #expect(destinations.orders(of: try #require(RoomName("other"))).isEmpty)
        let again = try await registry().destinations
        #expect(again.orders(of: room) == [order("1")])
        try await again.drop("1", of: room)
        let third = try await registry().destinations
        #expect(third.orders(of: room).isEmpty)
    }

    @Test func nothingIsPushedTwiceToTheSamePlace() async throws {
        let destinations = try await registry("site").destinations
        _ = try await destinations.add("b", try terms())
        try await destinations.keep(order("1", stream: "abc"))
        try await destinations.keep(order("2", stream: "def"))
        for wanted in [order("3"), order("4", stream: "abc")] {
            await #expect(throws: DestinationRegistryError.exists) { try await destinations.keep(wanted) }
        }
        await #expect(throws: DestinationRegistryError.unknown) {
            try await destinations.keep(order("5", "nowhere"))
        }
        await #expect(throws: DestinationRegistryError.unknown) {
            try await destinations.drop("1", of: try #require(RoomName("other")))
        }
    }

    @Test func aPartnerTakesItsDestinationsAlong() async throws {
        let registry = try await registry("site", "other")
        _ = try await registry.destinations.add("b", try terms())
        _ = try await registry.destinations.add("c", try terms("other"))
        try await registry.destinations.keep(order("1"))
        try await registry.destinations.keep(order("2", "c"))
        try await registry.remove("site")
        #expect(registry.destinations.destinations.map(\.id) == ["c"])
        #expect(registry.destinations.orders(of: room) == [order("2", "c")])
        let again = try await self.registry()
        #expect(again.destinations.destinations.map(\.id) == ["c"])
        #expect(again.destinations.orders(of: room) == [order("2", "c")])
    }

    @Test func whatTakesAwayIsToldBeforeItIsAcknowledged() async throws {
        let destinations = try await registry("site").destinations
        _ = try await destinations.add("b", try terms())
        let seen = Mutex<[Destination.State?]>([])
        destinations.observe { [destinations] in
            let state = destinations.destination("b")?.state
            seen.withLock { $0.append(state) }
        }
        _ = try await destinations.update("b", terms: try terms(), state: .active)
        try await destinations.cutOff("b", because: "unacknowledged")
        try await destinations.remove("b")
        #expect(seen.withLock { $0 } == [.suspended, .cutOff, nil])
    }
}
