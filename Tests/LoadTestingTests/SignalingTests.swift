import Primitives
import Testing

@testable import LoadTesting

@Suite struct SignalingTests {
    @Test func readsEventsHoweverTheyAreCut() {
        let text =
            "retry: 1000\r\n\r\nid: 7\nevent: slots\ndata: {\"a\":1}\ndata: more\n\n:\n\nevent: x\n\ndata: plain\n\n"
        let whole = [
            ServerSentEvent(name: "slots", data: "{\"a\":1}\nmore", id: "7"),
            ServerSentEvent(name: "message", data: "plain", id: "7"),
        ]
        for size in [1, 2, 3, 7, 1_000] {
            var parser = ServerSentEventParser()
            var events: [ServerSentEvent] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                events += parser.append(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(events == whole, "cut into pieces of \(size)")
        }
    }

    @Test func readsLinksOfServersOfAllKinds() throws {
        let relation = "urn:ietf:params:whep:ext:core:server-sent-events"
        let links = SignalingClient.links(
            "</a,b/events>; rel=\"\(relation)\"; events=\"active,inactive\", <https://x/y>;rel=ice-server"
        )
        #expect(links.map { $0.target } == ["/a,b/events", "https://x/y"])
        #expect(links.map { $0.relation } == [relation, "ice-server"])
        #expect(SignalingClient.links("nonsense").isEmpty)
    }

    @Test func resolvesRelativeLocations() throws {
        let base = "http://host:8080/v1/rooms/demo/whep?stream=x"
        #expect(try SignalingClient.resolve("/s/1", against: base) == "http://host:8080/s/1")
        #expect(try SignalingClient.resolve("s/1", against: base) == "http://host:8080/v1/rooms/demo/s/1")
        #expect(try SignalingClient.resolve("https://other/1", against: base) == "https://other/1")
        #expect(throws: SignalingError.self) { try SignalingClient.resolve("ftp://other/1", against: base) }
    }

    @Test(arguments: [
        "1970-01-01T00:00:00.000000000Z", "2026-11-22T17:19:01.309371125Z", "2028-02-29T23:59:59.999999999Z",
        "2100-03-01T00:00:00.000000001Z",
    ])
    func readsTheTimesThatTheRelayWrites(_ text: String) throws {
        #expect(try #require(WallClockTime(rfc3339InUTC: text)).rfc3339 == text)
    }

    @Test(arguments: [
        "", "2026-11-22", "2026-11-22T17:19:01", "2026-13-22T17:19:01Z", "2026-11-22T25:00:00Z",
    ])
    func refusesOtherTimes(_ text: String) {
        #expect(WallClockTime(rfc3339InUTC: text) == nil)
    }
}
