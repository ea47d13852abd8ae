import Disclosures
import Foundation
import HTTPTypes
import HummingbirdTesting
import JWTKit
import NIOCore
import Primitives
import RelayHTTP
import RoomControl
import Synchronization
import Testing

@Suite struct TokenTests {
    private func authority() async -> TokenAuthority {
        await TokenAuthority(secret: RelayFixture.secret)
    }

    private func publish() throws -> PublishToken {
        PublishToken(
            room: try #require(RoomName("demo")),
            participant: try #require(ParticipantID("ada")),
            name: "Ada",
            replace: true,
            grants: [
                CarriedGrant(.roomViewers),
                CarriedGrant(
                    try #require(Audience(purpose: .recording, recipient: "archive")),
                    notice: NoticeReference(
                        id: "privacy",
                        version: "2",
                        sha256: String(repeating: "0f", count: 32)
                    ),
                    evidence: "form 17"
                ),
            ]
        )
    }

    @Test func everyKindSurvivesMintingAndVerifying() async throws {
        let authority = await authority()
        let room = try #require(RoomName("demo"))
        let california = try #require(Region("US-CA") as Region?)
        let kinds: [AccessToken] = [
            .publish(try publish()),
            .view(ViewToken(room: room)),
            .view(
                ViewToken(
                    room: room,
                    audience: try #require(Audience(purpose: .liveEmbed, recipient: "site"))
                )
            ),
            .view(ViewToken(room: room, region: california)),
            .guardian(
                GuardianToken(
                    room: room,
                    participant: try #require(ParticipantID("child")),
                    guardian: "parent-1"
                )
            ),
            .relayOperator(OperatorToken(name: "op")),
        ]
        for access in kinds {
            let (text, expires) = try await authority.mint(access, lifetimeSeconds: 60)
            let verified = try await authority.verify(text)
            #expect(verified.access == access)
            #expect(verified.expires == expires)
        }
    }

    @Test func twoTokensHaveTwoIdentifiers() async throws {
        let authority = await authority()
        let access = AccessToken.relayOperator(OperatorToken(name: "op"))
        let first = try await authority.verify(try await authority.mint(access, lifetimeSeconds: 60).text)
        let second = try await authority.verify(try await authority.mint(access, lifetimeSeconds: 60).text)
        #expect(first.id != second.id)
    }

    @Test func validityIsHalfOpen() async throws {
        let authority = await authority()
        let now = Date(timeIntervalSince1970: 1_790_000_000)
        let (text, _) = try await authority.mint(
            .relayOperator(OperatorToken(name: "op")),
            lifetimeSeconds: 60,
            now: now
        )
        _ = try await authority.verify(text, now: now.addingTimeInterval(59.9))
        await #expect(throws: TokenRejection.expired) {
            try await authority.verify(text, now: now.addingTimeInterval(60))
        }
        await #expect(throws: TokenRejection.invalid) {
            try await authority.verify(text, now: now.addingTimeInterval(-3600))
        }
    }

    @Test func refusesWhatItWouldNotMint() async throws {
        let authority = await authority()
        let room = try #require(RoomName("demo"))
        let recording = try #require(Audience(purpose: .recording, recipient: "archive"))
        var named = try publish()
        named.name = "two\nlines"
        for access in [
            AccessToken.view(ViewToken(room: room, audience: recording)), .publish(named),
            .relayOperator(OperatorToken(name: "")),
        ] {
            await #expect(throws: TokenMintingError.self) {
                try await authority.mint(access, lifetimeSeconds: 60)
            }
        }
        await #expect(throws: TokenMintingError.self) {
            try await authority.mint(.view(ViewToken(room: room)), lifetimeSeconds: 0)
        }
        await #expect(throws: TokenMintingError.self) {
            try await authority.mint(.view(ViewToken(room: room)), lifetimeSeconds: 40 * 24 * 3600)
        }
    }

    @Test func neverMintsWhatItWouldNotRead() async throws {
        let authority = await authority()
        var token = try publish()
        token.grants = try (0..<32).map { number in
            CarriedGrant(
                try #require(Audience(purpose: .recording, recipient: "archive\(number)")),
                evidence: String(repeating: "e", count: 512)
            )
        }
        await #expect(throws: TokenMintingError.self) {
            try await authority.mint(.publish(token), lifetimeSeconds: 60)
        }
    }

    @Test func everyTruncationAndEveryFlippedCharacterIsInvalid() async throws {
        let authority = await authority()
        let (text, _) = try await authority.mint(.publish(try publish()), lifetimeSeconds: 60)
        for length in stride(from: 0, to: text.count, by: 7) {
            await #expect(throws: TokenRejection.invalid) {
                try await authority.verify(String(text.prefix(length)))
            }
        }
        var random = SeededRandom(seed: 11)
        for _ in 0..<100 {
            var bytes = Array(text.utf8)
            // The last character carries two bits that base64 ignores, so it is left alone.
            let index = Int.random(in: 0..<bytes.count - 1, using: &random)
            bytes[index] = bytes[index] == 0x41 ? 0x42 : 0x41
            let damaged = String(decoding: bytes, as: UTF8.self)
            guard damaged != text else { continue }
            await #expect(throws: TokenRejection.invalid) { try await authority.verify(damaged) }
        }
    }

    /// Claims as a stranger might write them, signed with the right key.
    private struct Claims: JWTPayload {
        var iss: String? = "tally"
        var aud: String? = "tally"
        var sub: String? = "ada"
        var exp: Int? = Int(Date().timeIntervalSince1970) + 60
        var iat: Int? = Int(Date().timeIntervalSince1970)
        var jti: String? = "id"
        var kind: String? = "publish"
        var room: String? = "demo"
        var participant: String? = "ada"
        var name: String? = "Ada"
        var purpose: String?
        var authorizationDetails: [Detail]?

        struct Detail: Codable {
            var type = "room_disclosure"
            var actions = ["live_room"]
            var recipient: String?
            var datatypes: [String]?
            var identifier: String?
        }

        private enum CodingKeys: String, CodingKey {
            case iss
            case aud
            case sub
            case exp
            case iat
            case jti
            case kind
            case room
            case participant
            case name
            case purpose
            case authorizationDetails = "authorization_details"
        }

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private func signed(
        _ digest: DigestAlgorithm = .sha256,
        secret: [UInt8] = RelayFixture.secret,
        _ change: (inout Claims) -> Void = { _ in }
    ) async throws -> String {
        var claims = Claims()
        change(&claims)
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: Data(secret)), digestAlgorithm: digest)
        return try await keys.sign(claims)
    }

    @Test func claimsMustBeWholeAndOurs() async throws {
        let authority = await authority()
        _ = try await authority.verify(try await signed())
        let changes: [(inout Claims) -> Void] = [
            { $0.iss = "other" }, { $0.iss = nil }, { $0.aud = "other" }, { $0.aud = nil },
            { $0.exp = nil }, { $0.iat = nil }, { $0.jti = nil }, { $0.jti = "" }, { $0.kind = "admin" },
            { $0.kind = nil }, { $0.room = nil }, { $0.room = "../x" }, { $0.participant = nil },
            { $0.name = "a\u{202E}b" }, { $0.name = nil }, { $0.kind = "view" },
            {
                $0.kind = "view"
                $0.purpose = "recording"
            }, { $0.iat = Int.max }, { $0.exp = nil },
        ]
        for change in changes {
            let text = try await signed(.sha256, change)
            await #expect(throws: TokenRejection.invalid) { try await authority.verify(text) }
        }
        let old = try await signed { $0.exp = Int.min }
        await #expect(throws: TokenRejection.expired) { try await authority.verify(old) }
    }

    @Test func otherKeysAndAlgorithmsAreInvalid() async throws {
        let authority = await authority()
        let other = try await signed(secret: [UInt8](repeating: 7, count: 32))
        let longer = try await signed(.sha512)
        let payload = try #require(try await signed().split(separator: ".").dropFirst().first)
        let none = Data(#"{"alg":"none","typ":"JWT"}"#.utf8).base64EncodedString()
            .replacing("=", with: "")
        for text in [other, longer, "\(none).\(payload).", "\(none).\(payload)", "..", "", "a.b.c.d"] {
            await #expect(throws: TokenRejection.invalid) { try await authority.verify(text) }
        }
    }

    @Test func narrowerOrForeignDetailsGrantNothing() async throws {
        let authority = await authority()
        let details: [(Claims.Detail, Int)] = [
            (Claims.Detail(), 1),
            (Claims.Detail(datatypes: ["audio", "video"], identifier: "demo"), 1),
            (Claims.Detail(datatypes: ["audio"]), 0),
            (Claims.Detail(identifier: "other"), 0),
            (Claims.Detail(type: "payment"), 0),
            (Claims.Detail(actions: ["everything"]), 0),
            (Claims.Detail(actions: ["live_embed"]), 0),
            (Claims.Detail(actions: ["live_embed", "live_room"], recipient: "site"), 2),
        ]
        for (detail, count) in details {
            let token = try await authority.verify(try await signed { $0.authorizationDetails = [detail] })
            guard case .publish(let publish) = token.access else {
                Issue.record("not a publish token")
                continue
            }
            #expect(publish.grants.count == count)
        }
    }

    @Test func refusesWrongTokensOfEveryKind() async throws {
        let fixture = try await RelayFixture()
        let good = try await fixture.publishToken()
        let view = try await fixture.viewToken()
        let embed = try await fixture.viewToken(
            audience: try #require(Audience(purpose: .liveEmbed, recipient: "partner"))
        )
        let expired = try await fixture.publishToken(now: Date(timeIntervalSinceNow: -7200))
        let otherRoom = try await fixture.publishToken(room: "other")
        let otherParticipant = try await fixture.publishToken(participant: "bob")
        let operatorToken = try await fixture.operatorToken()
        let publishing = "/v1/sessions/\(StandInRelay.publishing.text)"
        let viewing = "/v1/sessions/\(StandInRelay.viewing.text)"
        let consents = "/v1/rooms/demo/participants/ada/consents"
        let events = "/v1/rooms/demo/participants/ada/events"

        let cases: [(HTTPRequest.Method, String, String?, Int, String)] = [
            (.post, "/v1/rooms/demo/whip", nil, 401, "missing-token"),
            (.post, "/v1/rooms/demo/whip", "rubbish", 401, "invalid-token"),
            (.post, "/v1/rooms/demo/whip", String(good.dropLast(9)), 401, "invalid-token"),
            (.post, "/v1/rooms/demo/whip", expired, 401, "expired-token"),
            (.post, "/v1/rooms/demo/whip", otherRoom, 403, "foreign-room"),
            (.post, "/v1/rooms/demo/whip", view, 403, "wrong-token-kind"),
            (.post, "/v1/rooms/demo/whip", operatorToken, 403, "wrong-token-kind"),
            (.post, "/v1/rooms/demo/whep", good, 403, "wrong-token-kind"),
            (.post, "/v1/rooms/other/whep", view, 403, "foreign-room"),
            (.get, consents, nil, 401, "missing-token"),
            (.get, consents, view, 403, "wrong-token-kind"),
            (.get, consents, otherParticipant, 403, "foreign-participant"),
            (.get, consents, otherRoom, 403, "foreign-room"),
            (.put, consents, otherParticipant, 403, "foreign-participant"),
            (.get, events, otherParticipant, 403, "foreign-participant"),
            (.get, events, nil, 401, "missing-token"),
            (.post, "/v1/tokens", good, 403, "wrong-token-kind"),
            (.post, "/v1/tokens", nil, 401, "missing-token"),
            (.get, "/v1/rooms", nil, 401, "missing-token"),
            (.delete, publishing, otherParticipant, 403, "foreign-participant"),
            (.delete, publishing, otherRoom, 403, "foreign-room"),
            (.delete, publishing, view, 403, "wrong-token-kind"),
            (.delete, publishing, expired, 401, "expired-token"),
            (.delete, viewing, embed, 403, "foreign-audience"),
            (.delete, viewing, good, 403, "wrong-token-kind"),
            (.delete, publishing, good, 200, ""),
            (.delete, viewing, view, 200, ""),
            (.delete, viewing, operatorToken, 200, ""),
        ]
        try await fixture.run { client in
            for (method, path, token, status, code) in cases {
                let response = try await client.execute(
                    uri: path,
                    method: method,
                    headers: .bearer(token, type: sdpType),
                    body: method == .post ? offer : nil
                )
                #expect(response.status.code == status, "\(method) \(path) \(code)")
                guard status >= 400 else { continue }
                #expect(response.problem == code, "\(method) \(path)")
                let challenge = response.headers[.wwwAuthenticate] ?? ""
                #expect(challenge.hasPrefix("Bearer realm=\"tally\""))
                switch code {
                case "missing-token": #expect(!challenge.contains("error"))
                case "invalid-token", "expired-token": #expect(challenge.contains("error=\"invalid_token\""))
                default: #expect(challenge.contains("error=\"insufficient_scope\""))
                }
            }
            for field in ["Basic abc", "Bearer", "Bearer a b", good] {
                let response = try await client.execute(
                    uri: "/v1/rooms",
                    method: .get,
                    headers: [.authorization: field]
                )
                #expect(response.problem == "malformed-authorization")
            }
            let inURL = try await client.execute(
                uri: "/v1/rooms/demo/whip?access_token=\(good)",
                method: .post,
                headers: .bearer(nil, type: sdpType),
                body: offer
            )
            #expect(inURL.problem == "missing-token")
        }
        #expect(fixture.relay.asked.withLock { $0.published.isEmpty && $0.changes.isEmpty })
    }

    @Test func secretFileIsMadeOnceAndForItsOwnerOnly() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tally-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "deep/secret").path()
        var made: [String] = []
        let secret = try TokenSecret.loadOrCreate(path: path) { made.append($0) }
        #expect(made == [path])
        #expect(secret.count >= TokenAuthority.minimumSecretBytes)
        #expect(try TokenSecret.loadOrCreate(path: path) { made.append($0) } == secret)
        #expect(made.count == 1, "a secret that is there is not made again")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)

        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let readable = try #require(throws: TokenSecretError.self) {
            try TokenSecret.loadOrCreate(path: path)
        }
        #expect(readable.description.contains("chmod 600"))
        try Data("short".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(throws: TokenSecretError.self) { try TokenSecret.loadOrCreate(path: path) }
    }
}
