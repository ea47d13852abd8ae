import HTTPTypes
import HummingbirdTesting
import Testing

@testable import RelayHTTP

/// What the operator sees of the door, and who sees it.
@Suite struct TallyTests {
    private let path = "/v1/rooms/demo/disclosures"

    @Test func showsTheOperatorEveryLineWithItsReason() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            let response = try await client.execute(uri: path, method: .get, headers: .bearer(token))
            #expect(response.status == .ok)
            #expect(response.headers[.cacheControl] == "no-store")
            #expect(response.object["denied"] as? [String: Int] == ["no-record": 2])
            let lines = try #require(response.object["disclosures"] as? [[String: Any]])
            #expect(lines.map { $0["state"] as? String } == ["open", "withheld", "withheld"])
            #expect(lines[0]["receiving"] as? Int == 2)
            #expect(lines[0]["reason"] == nil)
            #expect(lines[1]["reason"] as? String == "no-record")
            #expect(lines[1]["recipient"] as? String == "partner-2.example")
        }
    }

    @Test func aPageStillSumsUpTheWholeRoom() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            var path = "\(path)?limit=2"
            var recipients: [String] = []
            for expected in [2, 1] {
                let response = try await client.execute(uri: path, method: .get, headers: .bearer(token))
                let lines = try #require(response.object["disclosures"] as? [[String: Any]])
                #expect(lines.count == expected)
                #expect(response.object["denied"] as? [String: Int] == ["no-record": 2])
                recipients += lines.compactMap { $0["recipient"] as? String }
                guard let link = response.headers[named: "Link"] else { continue }
                let url = try #require(link.wholeMatch(of: /<(.*)>; rel="next"/)?.1)
                path = "/" + String(try #require(url.split(separator: "/", maxSplits: 2).last))
            }
            #expect(recipients == ["partner-1.example", "partner-2.example", "partner-3.example"])
        }
    }

    @Test func nobodyButAnOperatorSeesIt() async throws {
        let fixture = try await RelayFixture()
        let tokens = [
            nil, try await fixture.publishToken(), try await fixture.viewToken(),
            try await fixture.guardianToken(),
        ]
        try await fixture.run { client in
            for token in tokens {
                let response = try await client.execute(uri: path, method: .get, headers: .bearer(token))
                #expect(response.status == (token == nil ? .unauthorized : .forbidden))
                #expect(response.object["disclosures"] == nil)
            }
        }
    }

    @Test func aRoomThatNobodyIsInHasNoLines() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            let uri = "/v1/rooms/empty/disclosures"
            let response = try await client.execute(uri: uri, method: .get, headers: .bearer(token))
            #expect(response.text == #"{"denied":{},"disclosures":[]}"#)
        }
    }
}
