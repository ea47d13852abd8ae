import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Primitives
import RoomControl
import Synchronization
import Testing

@testable import RelayHTTP

@Suite struct EventTests {
    private static let events = [
        RelayEvent(sequence: 1, name: "active", json: #"{"a":1}"#),
        RelayEvent(sequence: 2, name: "slots", json: #"{"b":2}"#),
        RelayEvent(sequence: 3, name: "withheld", json: "{\"c\":\n3}"),
    ]
    private let path = "/v1/rooms/demo/participants/ada/events"

    @Test func framesEventsAsTheStandardSays() async throws {
        let fixture = try await RelayFixture(StandInRelay(events: Self.events))
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            let response = try await client.execute(uri: path, method: .get, headers: .bearer(token))
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == "text/event-stream")
            #expect(response.headers[.cacheControl] == "no-store")
            #expect(response.headers[named: "X-Accel-Buffering"] == "no")
            #expect(response.headers[.contentLength] == nil)
            #expect(
                response.text == """
                    retry: 1000

                    id: 1
                    event: active
                    data: {"a":1}

                    id: 2
                    event: slots
                    data: {"b":2}

                    id: 3
                    event: withheld
                    data: {"c":
                    data: 3}


                    """
            )
        }
    }

    @Test func resumesAfterTheLastEvent() async throws {
        let fixture = try await RelayFixture(StandInRelay(events: Self.events))
        let token = try await fixture.publishToken()
        let field = try #require(HTTPField.Name("Last-Event-ID"))
        try await fixture.run { client in
            for (value, expected) in [("2", UInt64(2)), ("-1", nil), ("x", nil), ("", nil)] {
                var headers = HTTPFields.bearer(token)
                headers[field] = value
                let response = try await client.execute(uri: path, method: .get, headers: headers)
                #expect(response.text.contains("id: 3"))
                #expect(response.text.contains("id: 2") == (expected == nil))
            }
        }
        #expect(fixture.relay.asked.withLock { $0.resumedAfter } == [2, nil, nil, nil])
    }

    @Test func operatorsMayFollowParticipants() async throws {
        let fixture = try await RelayFixture(StandInRelay(events: Self.events))
        let token = try await fixture.operatorToken()
        try await fixture.run { client in
            let headers = HTTPFields.bearer(token, reason: "ticket 7")
            let response = try await client.execute(uri: path, method: .get, headers: headers)
            #expect(response.status == .ok)
        }
    }

    @Test func viewersSubscribeToTheEventsTheyName() async throws {
        let fixture = try await RelayFixture(StandInRelay(events: Self.events))
        let session = "/v1/sessions/\(StandInRelay.viewing.text)/events"
        try await fixture.run { client in
            let subscribed = try await client.execute(
                uri: session,
                method: .post,
                headers: .bearer(nil, type: jsonType),
                body: ByteBuffer(string: #"["withheld","scte35","active"]"#)
            )
            #expect(subscribed.status == .created)
            let location = try #require(subscribed.headers[.location])
            #expect(location == "http://localhost\(session)/active.withheld")
            let followed = try await client.execute(
                uri: session + "/active.withheld",
                method: .get,
                headers: [:]
            )
            #expect(followed.text.contains("event: active"))
            #expect(followed.text.contains("event: withheld"))
            #expect(!followed.text.contains("event: slots"))
            let ended = try await client.execute(uri: session + "/active.withheld", method: .delete)
            #expect(ended.status == .ok)

            let all = try await client.execute(uri: session, method: .post)
            #expect(
                all.headers[.location]?.hasSuffix(
                    "/events/" + RelayRoutes.viewerEvents.joined(separator: ".")
                ) == true
            )
            let direct = try await client.execute(uri: session, method: .get)
            #expect(direct.text.contains("event: slots"))
        }
    }

    @Test func refusesEventListsThatNameNothing() async throws {
        let fixture = try await RelayFixture()
        let session = "/v1/sessions/\(StandInRelay.viewing.text)/events"
        try await fixture.run { client in
            let unknown = try await client.execute(
                uri: session,
                method: .post,
                headers: .bearer(nil, type: jsonType),
                body: ByteBuffer(string: #"["scte35"]"#)
            )
            #expect(unknown.problem == "unknown-events")
            let malformed = try await client.execute(
                uri: session,
                method: .post,
                headers: .bearer(nil, type: jsonType),
                body: ByteBuffer(string: #"{"a":1}"#)
            )
            #expect(malformed.problem == "malformed-json")
            let path = try await client.execute(uri: session + "/passwords", method: .get)
            #expect(path.problem == "unknown-events")
            let publisher = try await client.execute(
                uri: "/v1/sessions/\(StandInRelay.publishing.text)/events",
                method: .get
            )
            #expect(publisher.problem == "no-session-events")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aReaderThatReadsNothingLosesItsConnectionAndItsPlace() async throws {
        // More than the sockets of both ends hold.
        let json = "\"\(String(repeating: "x", count: 1_000))\""
        let events = (1...40_000).map { RelayEvent(sequence: $0, name: "slots", json: json) }
        let fixture = try await RelayFixture(
            StandInRelay(events: events, keepsStreamsOpen: true),
            flags: ["limits.eventStreamsPerParticipant": "1", "limits.requestsPerSecond": "1000000"]
        )
        let token = try await fixture.publishToken()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            let request = OpenStream.get(path, token: token)
            try await OpenStream.send(request, port: port) { slow in
                let begun = try await slow.read(until: "\r\n\r\n")
                #expect(begun && slow.received.hasPrefix("HTTP/1.1 200"))
                var isAdmitted = false
                while !isAdmitted {
                    isAdmitted = try await OpenStream.send(request, port: port) { other in
                        try await other.read(until: "\r\n\r\n")
                        return other.received.hasPrefix("HTTP/1.1 200")
                    }
                }
            }
        }
    }

    @Test func viewersLeaveEventStreamsToParticipants() throws {
        let seats = StreamSeats(maximum: 8, maximumPerOwner: 8)
        let viewers = try (0..<6).map { try seats.take(owner: "s \($0)", isViewer: true) }
        let refused = #expect(throws: RelayProblem.self) { try seats.take(owner: "s 6", isViewer: true) }
        #expect(refused?.status == 503 && refused?.code == "too-many-event-streams")
        let participants = try (0..<2).map { try seats.take(owner: "p \($0)", isViewer: false) }
        #expect(throws: RelayProblem.self) { try seats.take(owner: "p 2", isViewer: false) }
        #expect(seats.count == viewers.count + participants.count)
    }

    @Test func idleStreamsCarryHeartbeatsAndCountAgainstTheirOwner() async throws {
        let relay = StandInRelay(events: Self.events, keepsStreamsOpen: true)
        let fixture = try await RelayFixture(
            relay,
            flags: ["limits.eventStreamsPerParticipant": "2"],
            heartbeat: .milliseconds(20)
        )
        let token = try await fixture.publishToken()
        try await fixture.run(.live) { client in
            let port = try #require(client.port)
            let request = OpenStream.get(path, token: token)
            try await OpenStream.send(request, port: port) { first in
                let found = try await first.read(until: "\n:\n\n")
                #expect(found)
                try await OpenStream.send(request, port: port) { second in
                    let found = try await second.read(until: "\n:\n\n")
                    #expect(found)
                    let refused = try await client.execute(
                        uri: path,
                        method: .get,
                        headers: .bearer(token)
                    )
                    #expect(refused.status == .tooManyRequests)
                    #expect(refused.problem == "too-many-event-streams")
                    #expect(refused.headers[.retryAfter] != nil)
                }
            }
            // Readers that left give their places back.
            var admitted = false
            while !admitted {
                admitted = try await OpenStream.send(request, port: port) { third in
                    try await third.read(until: "\r\n\r\n")
                    return third.received.hasPrefix("HTTP/1.1 200")
                }
            }
        }
    }
}
