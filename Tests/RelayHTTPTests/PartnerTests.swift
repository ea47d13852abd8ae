import Disclosures
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Partners
import Primitives
import RelayHTTP
import RoomControl
import Synchronization
import Testing

/// Partners, their grants and the page that they frame, over HTTP.
@Suite struct PartnerTests {
    private let sdpType = "application/sdp"
    private let offer = ByteBuffer(string: "v=0\r\noffer")

    private func room() throws -> RoomName { try #require(RoomName("demo")) }

    private func field(_ name: String) throws -> HTTPField.Name { try #require(HTTPField.Name(name)) }

    private func mint(
        _ body: String = #"{"room":"demo"}"#,
        key: String,
        partner: String = "site",
        _ fixture: RelayFixture
    ) async throws -> TestResponse {
        try await fixture.run { client in
            try await client.execute(
                uri: "/v1/partners/\(partner)/grants",
                method: .post,
                headers: .bearer(key, type: "application/json"),
                body: ByteBuffer(string: body)
            )
        }
    }

    private func redeem(
        _ grant: String,
        room: String = "demo",
        headers extra: HTTPFields = [:],
        _ fixture: RelayFixture
    ) async throws -> TestResponse {
        var headers = HTTPFields.bearer(grant, type: sdpType)
        for field in extra { headers.append(field) }
        let sent = headers
        return try await fixture.run { client in
            try await client.execute(uri: "/v1/rooms/\(room)/whep", method: .post, headers: sent, body: offer)
        }
    }

    private func grant(_ fixture: RelayFixture, _ key: String) async throws -> String {
        let answer = try await mint(key: key, fixture)
        #expect(answer.status == .created)
        return try #require(answer.object["grant"] as? String)
    }

    @Test func aGrantOpensOneSessionOfItsAudience() async throws {
        let fixture = try await RelayFixture()
        let key = try #require(try await fixture.partner())
        let grant = try await grant(fixture, key)
        let answer1 = try await redeem(grant, fixture)
        #expect(answer1.status == .created)
        let viewed = try #require(fixture.relay.asked.withLock { $0.viewed.first })
        #expect(viewed.audience.description == "live_embed:site")
        #expect(viewed.admission?.partner == "site" && viewed.admission?.keyNumber == 1)
        let again = try await redeem(grant, fixture)
        #expect(again.status == .unauthorized)
        #expect(again.problem == "grant-redeemed")
        #expect(fixture.relay.asked.withLock { $0.viewed.count } == 1)
    }

    @Test func aGrantOfAnotherRoomOpensNothing() async throws {
        let fixture = try await RelayFixture()
        let key = try #require(try await fixture.partner())
        let answer = try await redeem(try await grant(fixture, key), room: "other", fixture)
        #expect(answer.status == .forbidden)
        #expect(answer.problem == "foreign-room")
    }

    @Test func aGrantThatIsTooOldOpensNothing() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        let old = EmbedGrant(
            room: try room(),
            audience: try #require(Audience(purpose: .liveEmbed, recipient: "site")),
            keyNumber: 1,
            origins: Set([WebOrigin("https://site.example")].compactMap(\.self))
        )
        let late = try await fixture.mint(.embed(old), now: Date(timeIntervalSinceNow: -61))
        let answer2 = try await redeem(late, fixture)
        #expect(answer2.problem == "grant-too-late")
        let expired = try await fixture.mint(.embed(old), now: Date(timeIntervalSinceNow: -7_200))
        let answer3 = try await redeem(expired, fixture)
        #expect(answer3.problem == "expired-token")
    }

    @Test func whatTheOperatorTakesAwayVoidsGrants() async throws {
        let fixture = try await RelayFixture()
        let other = try other()
        let key = try #require(try await fixture.partner { $0.origins.insert(other) })
        let terms = try #require(fixture.partners.partner("site")).terms
        let suspended = try await grant(fixture, key)
        _ = try await fixture.partners.update("site", terms: terms, state: .suspended)
        let answer4 = try await redeem(suspended, fixture)
        #expect(answer4.problem == "partner-suspended")
        let answer5 = try await mint(key: key, fixture)
        #expect(answer5.problem == "partner-suspended")

        _ = try await fixture.partners.update("site", terms: terms, state: .active)
        let ofOther = try await mint(#"{"room":"demo","origin":"https://other.example"}"#, key: key, fixture)
        let elsewhere = try #require(ofOther.object["grant"] as? String)
        var fewer = terms
        fewer.origins.remove(other)
        _ = try await fixture.partners.update("site", terms: fewer, state: .active)
        let answer6 = try await redeem(elsewhere, fixture)
        #expect(answer6.problem == "origin-removed")

        let rotated = try await grant(fixture, key)
        let (_, newKey) = try await fixture.partners.rotateKey("site")
        let answer7 = try await redeem(rotated, fixture)
        #expect(answer7.problem == "grant-revoked")
        let answer8 = try await mint(key: key, fixture)
        #expect(answer8.problem == "invalid-key")

        let removed = try await grant(fixture, newKey.text)
        try await fixture.partners.remove("site")
        let answer9 = try await redeem(removed, fixture)
        #expect(answer9.problem == "unknown-partner")
        #expect(fixture.relay.asked.withLock { $0.viewed.isEmpty })
        // Sessions were told each time.
        #expect(
            fixture.relay.asked.withLock { $0.partnerChanges } == [
                .suspended("site"), .originsRemoved("site", [other]), .keyRotated("site"),
                .removed("site"),
            ]
        )
    }

    private func other() throws -> WebOrigin { try #require(WebOrigin("https://other.example")) }

    @Test func aPageOfAnotherSiteCannotRedeem() async throws {
        let fixture = try await RelayFixture()
        let key = try #require(try await fixture.partner())
        let grant = try await grant(fixture, key)
        for (name, value) in [
            ("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ] {
            let answer = try await redeem(grant, headers: [try field(name): value], fixture)
            #expect(answer.problem == "foreign-page", "\(name): \(value)")
        }
        // It is still good for the framed page itself.
        let own = try await redeem(
            grant,
            headers: [try field("Origin"): "http://localhost", try field("Sec-Fetch-Site"): "same-origin"],
            fixture
        )
        #expect(own.status == .created)
    }

    @Test func aGrantThatOpenedNothingMayBeTriedAgain() async throws {
        let fixture = try await RelayFixture(
            StandInRelay(problem: RelayProblem("room-not-live", status: 409, detail: "nobody is on air"))
        )
        let key = try #require(try await fixture.partner())
        let grant = try await grant(fixture, key)
        let answer10 = try await redeem(grant, fixture)
        #expect(answer10.problem == "room-not-live")
        let answer11 = try await redeem(grant, fixture)
        #expect(answer11.problem == "room-not-live")
    }

    @Test func keysMintForTheirOwnPartnerAndWithinItsTerms() async throws {
        let fixture = try await RelayFixture()
        let key = try #require(
            try await fixture.partner { terms in
                terms.rooms = Set([RoomName("demo")].compactMap(\.self))
                terms.purposes = [.liveEmbed]
                terms.regions = Set([Region("EU")].compactMap(\.self))
            }
        )
        try await fixture.partner("second")
        let answer12 = try await mint(key: key, partner: "second", fixture)
        #expect(answer12.problem == "foreign-partner")
        let answer13 = try await mint(#"{"room":"other"}"#, key: key, fixture)
        #expect(answer13.problem == "not-for-partner")
        let push = #"{"room":"demo","purpose":"rebroadcast"}"#
        let answer14 = try await mint(push, key: key, fixture)
        #expect(answer14.problem == "not-for-partner")
        let foreign = #"{"room":"demo","origin":"https://evil.example"}"#
        let answer15 = try await mint(foreign, key: key, fixture)
        #expect(answer15.problem == "foreign-origin")
        let answer16 = try await mint(#"{"room":"demo","region":"US"}"#, key: key, fixture)
        #expect(answer16.problem == "foreign-region")
        let answer17 = try await mint(#"{"room":"demo","region":"DE"}"#, key: key, fixture)
        #expect(answer17.status == .created)
        let answer18 = try await mint(key: key + "x", fixture)
        #expect(answer18.problem == "invalid-key")
        let answer19 = try await mint(key: "tpk_", fixture)
        #expect(answer19.problem == "invalid-key")
        let viewer = try await fixture.viewToken()
        let answer20 = try await mint(key: viewer, fixture)
        #expect(answer20.problem == "wrong-token-kind")
    }

    @Test func grantsAreHeldToTheRateOfThePartner() async throws {
        let fixture = try await RelayFixture()
        let key = try #require(try await fixture.partner { $0.grantsPerMinute = 3 })
        try await fixture.run { client in
            var problems: [String?] = []
            for _ in 0..<4 {
                let answer = try await client.execute(
                    uri: "/v1/partners/site/grants",
                    method: .post,
                    headers: .bearer(key, type: "application/json"),
                    body: ByteBuffer(string: #"{"room":"demo"}"#)
                )
                problems.append(answer.problem)
            }
            #expect(problems == [nil, nil, nil, "too-many-grants"])
        }
    }

    @Test func renewalTakesAnotherGrantOfTheSamePartner() async throws {
        let fixture = try await RelayFixture()
        let key = try #require(try await fixture.partner())
        let grant = try await grant(fixture, key)
        let view = try await fixture.viewToken()
        try await fixture.run { client in
            func renew(_ token: String) async throws -> TestResponse {
                try await client.execute(
                    uri: "/v1/sessions/\(StandInRelay.viewing.text)/renewals",
                    method: .post,
                    headers: .bearer(token)
                )
            }
            let answer21 = try await renew(view)
            #expect(answer21.problem == "wrong-token-kind")
            // The stand-in's session is one of the room's own viewers.
            let answer22 = try await renew(grant)
            #expect(answer22.problem == "foreign-audience")
        }
    }

    @Test func aViewTokenOfAPartnerNeedsThatPartner() async throws {
        let fixture = try await RelayFixture()
        let audience = try #require(Audience(purpose: .liveEmbed, recipient: "nobody"))
        let token = try await fixture.mint(.view(ViewToken(room: try room(), audience: audience)))
        let answer = try await redeem(token, fixture)
        #expect(answer.status == .forbidden)
        #expect(answer.problem == "unknown-partner")
    }

    // MARK: Pages

    @Test func onlyThePartnersOwnSitesMayFrame() async throws {
        let fixture = try await RelayFixture()
        let other = try other()
        try await fixture.partner { $0.origins.insert(other) }
        try await fixture.run { client in
            let page = try await client.execute(uri: "/embed/site/demo", method: .get)
            #expect(page.status == .ok)
            let policy = try #require(page.headers[named: "Content-Security-Policy"])
            #expect(policy.contains("frame-ancestors https://other.example https://site.example;"))
            #expect(policy.contains("default-src 'none'") && !policy.contains("unsafe"))
            let permissions = try #require(page.headers[named: "Permissions-Policy"])
            #expect(permissions.contains("camera=()"))
            #expect(page.headers[named: "Referrer-Policy"] == "no-referrer")
            #expect(page.headers[named: "Set-Cookie"] == nil)
            let other = try await client.execute(uri: "/rooms/demo", method: .get)
            let ownPolicy = try #require(other.headers[named: "Content-Security-Policy"])
            #expect(ownPolicy.contains("frame-ancestors 'none'"))
            let answer23 = try await client.execute(uri: "/embed/nobody/demo", method: .get)
            #expect(answer23.status == .notFound)
            let element = try await client.execute(uri: "/embed.js", method: .get)
            #expect(element.headers[named: "Access-Control-Allow-Origin"] == "*")
        }
        let terms = try #require(fixture.partners.partner("site")).terms
        _ = try await fixture.partners.update("site", terms: terms, state: .suspended)
        try await fixture.run { client in
            let answer24 = try await client.execute(uri: "/embed/site/demo", method: .get)
            #expect(answer24.problem == "partner-suspended")
        }
    }

    @Test func pagesGetGrantsOnlyWhereThePartnersTermsSaySo() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        try await fixture.partner("static") { $0.allowsPageGrants = true }
        func ask(
            _ partner: String,
            _ site: String?,
            _ body: String = #"{"room":"demo"}"#
        ) async throws -> String? {
            var headers: HTTPFields = [.contentType: "application/json"]
            if let site { headers[try field("Sec-Fetch-Site")] = site }
            let sent = headers
            return try await fixture.run { client in
                try await client.execute(
                    uri: "/v1/partners/\(partner)/page-grants",
                    method: .post,
                    headers: sent,
                    body: ByteBuffer(string: body)
                ).problem
            }
        }
        let answer25 = try await ask("static", "same-origin")
        #expect(answer25 == nil)
        let answer26 = try await ask("static", "cross-site")
        #expect(answer26 == "no-page-grants")
        let answer27 = try await ask("static", nil)
        #expect(answer27 == "no-page-grants")
        let answer28 = try await ask("site", "same-origin")
        #expect(answer28 == "no-page-grants")
        let region = #"{"room":"demo","region":"DE"}"#
        let answer29 = try await ask("static", "same-origin", region)
        #expect(answer29 == "no-page-grants")
    }

    @Test func oEmbedDescribesTheFrameOfAPartner() async throws {
        let fixture = try await RelayFixture()
        try await fixture.partner()
        func describe(_ query: String) async throws -> TestResponse {
            try await fixture.run { try await $0.execute(uri: "/v1/oembed?\(query)", method: .get) }
        }
        let room = "url=http%3A%2F%2Flocalhost%2Frooms%2Fdemo%3Fpartner%3Dsite"
        let found = try await describe("\(room)&maxwidth=480")
        #expect(found.status == .ok)
        let html = try #require(found.object["html"] as? String)
        #expect(
            html.contains("<iframe src=\"http://localhost/embed/site/demo\" width=\"480\" height=\"270\"")
        )
        let low = try await describe("\(room)&maxwidth=900&maxheight=90")
        #expect(low.object["width"] as? Int == 160 && low.object["height"] as? Int == 90)
        #expect(found.object["type"] as? String == "video" && found.object["version"] as? String == "1.0")
        let answer30 = try await describe("\(room)&format=xml")
        #expect(answer30.status == .badRequest)
        let answer31 = try await describe("url=http%3A%2F%2Flocalhost%2Frooms%2Fdemo")
        #expect(answer31.problem == "unknown-partner")
        #expect(
            try await describe("url=https%3A%2F%2Fevil.example%2Frooms%2Fdemo%3Fpartner%3Dsite").problem
                == "not-found"
        )
        let answer32 = try await describe("maxwidth=1")
        #expect(answer32.problem == "malformed-query")
    }

    // MARK: Registry

    @Test func operatorsSetPartnersAndEverybodySeesWhoTheyAre() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        let body = """
            {"id":"site","legal_name":"Example Ltd","contact":"a@site.example","origins":["https://site.example"]}
            """
        try await fixture.run { client in
            func send(
                _ method: HTTPRequest.Method,
                _ path: String,
                _ body: String? = nil,
                _ token: String?
            ) async throws
                -> TestResponse
            {
                try await client.execute(
                    uri: path,
                    method: method,
                    headers: .bearer(token, type: body == nil ? nil : "application/json"),
                    body: body.map { ByteBuffer(string: $0) }
                )
            }
            let answer33 = try await send(.post, "/v1/partners", body, nil)
            #expect(answer33.status == .unauthorized)
            let added = try await send(.post, "/v1/partners", body, token)
            #expect(added.status == .created)
            let key = try #require(added.object["key"] as? String)
            #expect(key.hasPrefix("tpk_"))
            let answer34 = try await send(.post, "/v1/partners", body, token)
            #expect(answer34.problem == "partner-exists")
            let shown = try await send(.get, "/v1/partners/site", nil, token)
            #expect(shown.object["key"] == nil && shown.object["state"] as? String == "active")
            let everybody = try await send(.get, "/v1/partners", nil, nil)
            let listed = try #require((everybody.object["partners"] as? [[String: Any]])?.first)
            #expect(listed["legal_name"] as? String == "Example Ltd" && listed["origins"] == nil)
            let suspended = body.replacing("\"id\":\"site\",", with: "\"state\":\"suspended\",")
            let answer35 = try await send(.put, "/v1/partners/site", suspended, token)
            #expect(answer35.status == .ok)
            let after = try await send(.get, "/v1/partners", nil, nil)
            #expect((after.object["partners"] as? [[String: Any]])?.isEmpty == true)
            let wide = body.replacing("https://site.example", with: "https://*.example")
            let answer36 = try await send(.post, "/v1/partners", wide, token)
            #expect(answer36.status == .badRequest)
            let answer37 = try await send(.delete, "/v1/partners/site", nil, token)
            #expect(answer37.status == .noContent)
            let answer38 = try await send(.get, "/v1/partners/site", nil, token)
            #expect(answer38.problem == "unknown-partner")
        }
    }
}
