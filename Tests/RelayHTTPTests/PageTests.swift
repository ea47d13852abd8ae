import HTTPTypes
import HummingbirdTesting
import RoomControl
import Testing

@testable import RelayHTTP

@Suite struct PageTests {
    @Test func pagesFollowEachOtherToTheEnd() async throws {
        let names = (0..<25).map { "room-\($0)" }
        let fixture = try await RelayFixture(
            StandInRelay(rooms: names.map { RoomSummary(room: $0, publishers: 1, viewers: 0) })
        )
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            var seen: [String] = []
            var path: String? = "/v1/rooms?limit=10"
            var requests = 0
            while let present = path, requests < 10 {
                requests += 1
                let response = try await client.execute(uri: present, method: .get, headers: .bearer(token))
                #expect(response.status == .ok)
                let rooms = response.object["rooms"] as? [[String: Any]] ?? []
                #expect(rooms.count <= 10)
                seen += rooms.compactMap { $0["room"] as? String }
                let link = response.headers[named: "Link"]
                let url = try link.map { try #require($0.wholeMatch(of: /<(.*)>; rel="next"/)?.1) }
                path = try url.map { "/" + String(try #require($0.split(separator: "/", maxSplits: 2).last)) }
            }
            #expect(requests == 3)
            #expect(seen == names.sorted())
        }
    }

    @Test(arguments: [
        "limit=0", "limit=1001", "limit=-1", "limit=+1", "limit=x", "limit=", "limit=99999999999999999999",
        "cursor=", "cursor=x", "cursor=abc", "cursor=zz",
    ])
    func whatIsNoPageIsRefused(_ query: String) async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            let response = try await client.execute(
                uri: "/v1/rooms?\(query)",
                method: .get,
                headers: .bearer(token)
            )
            #expect(response.status == .badRequest)
            #expect(response.problem == "malformed-query")
        }
    }
}
