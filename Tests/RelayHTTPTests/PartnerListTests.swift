import Disclosures
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Partners
import Primitives
import RoomControl
import Synchronization
import Testing

/// Who is listed, and how a site finds out what shows a room.
@Suite struct PartnerListTests {
    private func get(
        _ path: String,
        token: String? = nil,
        _ fixture: RelayFixture
    ) async throws -> TestResponse {
        try await fixture.run { try await $0.execute(uri: path, method: .get, headers: .bearer(token)) }
    }

    private func ids(_ answer: TestResponse) -> [String] {
        (answer.object["partners"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
    }

    @Test func everybodyReadsWhoMayShowARoomAndNothingOfTheirTerms() async throws {
        let fixture = try await RelayFixture(flags: ["operator.name": "Example Relay"])
        let demo = try #require(RoomName("demo"))
        try await fixture.partner("everywhere")
        try await fixture.partner("here") { $0.rooms = [demo] }
        try await fixture.partner("server") { terms in
            terms.purposes = [.rebroadcast]
            terms.origins = []
        }
        #expect(ids(try await get("/v1/partners?room=demo", fixture)) == ["everywhere", "here", "server"])
        #expect(ids(try await get("/v1/partners?room=other", fixture)) == ["everywhere", "server"])
        let sites = try await get("/v1/partners?room=demo&purpose=live_embed", fixture)
        #expect(ids(sites) == ["everywhere", "here"])
        #expect(sites.object["operator"] as? String == "Example Relay")
        let shown = try #require((sites.object["partners"] as? [[String: Any]])?.last)
        #expect(
            Set(shown.keys) == ["id", "state", "legal_name", "contact", "purposes", "listed_at"]
        )
        for query in ["room=a%20b", "room=", "purpose=recording", "limit=0", "cursor=x"] {
            #expect(try await get("/v1/partners?\(query)", fixture).problem == "malformed-query", "\(query)")
        }
    }

    @Test func aLongListComesInPagesThatKeepTheirFilter() async throws {
        let fixture = try await RelayFixture()
        let names = (10..<35).map { "site-\($0)" }
        for name in names { try await fixture.partner(name) }
        var seen: [String] = []
        var path: String? = "/v1/partners?room=demo&purpose=live_embed&limit=10"
        while let present = path, seen.count < 100 {
            let page = try await get(present, fixture)
            seen += ids(page)
            let link = page.headers[named: "Link"]
            let url = try link.map {
                try #require($0.wholeMatch(of: /<http:..localhost(.*)>; rel="next"/)?.1)
            }
            path = url.map(String.init)
            #expect(path?.contains("&room=demo&purpose=live_embed") ?? true)
        }
        #expect(seen == names)
    }

    @Test func oneThatIsSuspendedIsNotListedAndStillSaysWhoItIs() async throws {
        let fixture = try await RelayFixture(flags: ["operator.name": "Example Relay"])
        try await fixture.partner()
        let terms = try #require(fixture.partners.partner("site")).terms
        _ = try await fixture.partners.update("site", terms: terms, state: .suspended)
        #expect(ids(try await get("/v1/partners", fixture)).isEmpty)
        let shown = try await get("/v1/partners/site", fixture)
        #expect(shown.object["legal_name"] as? String == "Example Ltd")
        #expect(shown.object["state"] as? String == "suspended")
        #expect(shown.object["operator"] as? String == "Example Relay")
        #expect(shown.object["origins"] == nil && shown.object["key_number"] == nil)
        let token = try await fixture.operatorToken()
        #expect(ids(try await get("/v1/partners", token: token, fixture)) == ["site"])
        #expect(try await get("/v1/partners/site", token: token, fixture).object["origins"] != nil)
        #expect(try await get("/v1/partners/nobody", fixture).problem == "unknown-partner")
    }

    @Test func participantsAreToldOfWhoIsListed() async throws {
        let fixture = try await RelayFixture()
        // The registry tells whichever surface was made last.
        _ = try await get("/v1/partners", fixture)
        try await fixture.partner("site")
        #expect(fixture.relay.asked.withLock { $0.listedPartners } == ["site"])
        let terms = try #require(fixture.partners.partner("site")).terms
        _ = try await fixture.partners.update("site", terms: terms, state: .suspended)
        _ = try await fixture.partners.update("site", terms: terms, state: .active)
        #expect(fixture.relay.asked.withLock { $0.listedPartners } == ["site", "site"])
    }

    // MARK: oEmbed discovery

    @Test func aRoomPageSaysWhatDescribesItsFrameForAPartnerThatNeedsNoServer() async throws {
        let fixture = try await RelayFixture()
        let demo = try #require(RoomName("demo"))
        try await fixture.partner("static") { terms in
            terms.allowsPageGrants = true
            terms.rooms = [demo]
        }
        let page = try await get("/rooms/demo?partner=static", fixture)
        let link = try #require(page.headers[named: "Link"])
        let found = try #require(
            link.wholeMatch(of: /<http:..localhost([^>]*)>; rel="alternate"; type="([^"]*)"; title="[^"]*"/)
        )
        #expect(found.2 == "application/json+oembed")
        let element = "href=\"http://localhost\(found.1.replacing("&", with: "&amp;"))\">"
        #expect(page.text.contains(element) && page.text.contains("rel=\"alternate\""))
        // Following it is all that a site does with a URL that was pasted into it.
        let described = try await get(String(found.1), fixture)
        #expect(described.status == .ok)
        let html = try #require(described.object["html"] as? String)
        #expect(html.contains("src=\"http://localhost/embed/static/demo\""))
        // A page is itself however it is asked for.
        let tag = try #require(page.headers[.eTag])
        let plain = try await get("/rooms/demo", fixture)
        #expect(plain.headers[.eTag] != tag && plain.headers[named: "Link"] == nil)
    }

    @Test func aRoomPageNamesNoFrameThatWouldStayEmpty() async throws {
        let fixture = try await RelayFixture()
        let demo = try #require(RoomName("demo"))
        // Its server has grants minted: a frame alone gets none.
        try await fixture.partner("site")
        try await fixture.partner("static") { terms in
            terms.allowsPageGrants = true
            terms.rooms = [demo]
        }
        for path in [
            "/rooms/demo", "/rooms/demo?partner=site", "/rooms/other?partner=static", "/rooms/demo?partner=x",
        ] {
            let page = try await get(path, fixture)
            #expect(page.status == .ok)
            #expect(page.headers[named: "Link"] == nil && !page.text.contains("oembed"), "\(path)")
        }
        let terms = try #require(fixture.partners.partner("static")).terms
        _ = try await fixture.partners.update("static", terms: terms, state: .suspended)
        #expect(try await get("/rooms/demo?partner=static", fixture).headers[named: "Link"] == nil)
    }
}
