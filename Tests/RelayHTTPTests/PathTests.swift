import HTTPTypes
import HummingbirdTesting
import Testing

@testable import RelayHTTP

@Suite struct PathTests {
    @Test(arguments: ["//v1/rooms", "/v1//rooms", "/v1/rooms//demo"])
    func aPathWithAnEmptyPartLeadsNowhereAndIsHeldToTheRate(_ path: String) async throws {
        let fixture = try await RelayFixture(flags: ["limits.requestsPerSecond": "1"])
        try await fixture.run { client in
            let first = try await client.execute(uri: path, method: .get)
            #expect(first.status == .notFound && first.problem == "not-found")
            var isHeld = false
            for _ in 0..<5 {
                let next = try await client.execute(uri: path, method: .get)
                if next.status == .tooManyRequests { isHeld = true }
            }
            #expect(isHeld)
        }
    }
}
