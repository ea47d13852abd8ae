import Foundation
import Logging
import Primitives
import Synchronization
import Testing

@testable import Webhooks

/// The dispatcher over real sockets and a real file.
@Suite struct WebhookDispatcherTests {
    @Test func tellsOnceAndSignsByEverySecret() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        try await Receiver.run { _ in
            .status(204)
        } while: { receiver in
            try await fixture.run([try fixture.endpoint(receiver.url)]) { dispatcher in
                dispatcher.outbox.emit(fixture.event(.consentWithdrawn, id: "msg_1"))
                try await eventually("it is delivered") {
                    try await dispatcher.status().counts.delivered == 1
                }
                let status = try await dispatcher.status()
                #expect(status.waiting == 0 && status.deadLetters == 0 && status.lastAnswer == "204")
            }
            let received = try #require(receiver.received.first)
            #expect(receiver.received.count == 1)
            #expect(received.id == "msg_1" && received.contentType == "application/json")
            #expect(abs(Double(received.timestamp) - Date().timeIntervalSince1970) < 60)
            let expected = try DispatcherFixture.secrets.map { text in
                try SigningSecret(text).signature(
                    id: "msg_1",
                    timestamp: received.timestamp,
                    body: received.body
                )
            }
            #expect(received.signatures == expected)
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(received.body)) as? [String: Any]
            )
            #expect(document["type"] as? String == "consent.withdrawn")
            #expect(document["timestamp"] as? String == "2026-09-21T14:13:20.000000000Z")
            #expect((document["data"] as? [String: String])?["room"] == "studio")
        }
    }

    @Test func triesAgainUntilItIsHeard() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        try await Receiver.run {
            $0 < 2 ? .status(500) : .status(200)
        } while: { receiver in
            try await fixture.run([try fixture.endpoint(receiver.url)]) { dispatcher in
                dispatcher.outbox.emit(fixture.event(id: "msg_1"))
                try await eventually("it is delivered") {
                    try await dispatcher.status().counts.delivered == 1
                }
                #expect(try await dispatcher.status().counts.failedAttempts == 2)
            }
            #expect(receiver.received.map(\.id) == ["msg_1", "msg_1", "msg_1"])
            #expect(Set(receiver.received.map(\.body)).count == 1)
        }
    }

    @Test(
        arguments: [
            (.status(500), "500"), (.hang, "timeout"), (.status(302, location: "/elsewhere"), "302"),
            (.status(307, location: "/elsewhere"), "307"),
        ] as [(Receiver.Behaviour, String)]
    )
    func givesUpAndKeepsTheLetter(_ behaviour: Receiver.Behaviour, _ answer: String) async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        let isMended = Atomic(false)
        try await Receiver.run { _ in
            isMended.load(ordering: .relaxed) ? .status(200) : behaviour
        } while: { receiver in
            try await fixture.run([try fixture.endpoint(receiver.url)]) { dispatcher in
                dispatcher.outbox.emit(fixture.event(id: "msg_1"))
                try await eventually("it is given up") {
                    try await dispatcher.status().deadLetters == 1
                }
                let letter = try #require(try await dispatcher.deadLetters(of: "crm").first)
                #expect(letter.messageID == "msg_1" && letter.type == "consent.given")
                #expect(letter.reason == .attempts && letter.attempts == 4)
                #expect(letter.lastStatus == Int(answer))
                #expect(try await dispatcher.status().lastAnswer == answer)

                isMended.store(true, ordering: .relaxed)
                #expect(try await dispatcher.replay("crm", numbers: [letter.number]) == 1)
                try await eventually("it is delivered after all") {
                    try await dispatcher.status().counts.delivered == 1
                }
                #expect(try await dispatcher.status().deadLetters == 0)
            }
            // A redirection is not followed, wherever it points.
            #expect(receiver.received.allSatisfy { $0.path == "/hook" })
            #expect(receiver.received.count == 5)
        }
    }

    @Test func oneThatHangsHoldsUpNobodyElse() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        try await Receiver.run { _ in
            .hang
        } while: { hanging in
            try await Receiver.run { _ in
                .status(200)
            } while: { receiver in
                let endpoints = [
                    try fixture.endpoint(hanging.url, name: "a"),
                    try fixture.endpoint(receiver.url, name: "b"),
                ]
                try await fixture.run(endpoints) { dispatcher in
                    for _ in 0..<50 { dispatcher.outbox.emit(fixture.event()) }
                    try await eventually("the other has all") {
                        try await dispatcher.statuses().last?.counts.delivered == 50
                    }
                    #expect(
                        hanging.received.count <= DispatcherFixture.quick.inFlight
                            * DispatcherFixture.quick.attempts
                    )
                }
            }
        }
    }

    @Test func anAnswerWithoutEndIsCutShort() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        try await Receiver.run { _ in
            .flood
        } while: { receiver in
            try await fixture.run([try fixture.endpoint(receiver.url)]) { dispatcher in
                dispatcher.outbox.emit(fixture.event())
                try await eventually("its status counts") {
                    try await dispatcher.status().counts.delivered == 1
                }
            }
        }
    }

    @Test func aReceiverThatIsGoneIsToldNothingUntilItIsEnabled() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        try await Receiver.run {
            $0 == 0 ? .status(410) : .status(200)
        } while: { receiver in
            let endpoints = [try fixture.endpoint(receiver.url)]
            try await fixture.run(endpoints) { dispatcher in
                dispatcher.outbox.emit(fixture.event(id: "msg_1"))
                try await eventually("it is disabled") { try await !dispatcher.status().isEnabled }
                dispatcher.outbox.emit(fixture.event(id: "msg_2"))
                try await eventually("the next is not kept") {
                    try await dispatcher.status().counts.suppressed == 1
                }
            }
            // Also after a restart.
            try await fixture.run(endpoints) { dispatcher in
                #expect(try await !dispatcher.status().isEnabled)
                #expect(try await dispatcher.deadLetters(of: "crm").map(\.reason) == [.endpointDisabled])
                #expect(try await dispatcher.setEnabled("crm", true))
                #expect(try await dispatcher.replay("crm") == 1)
                try await eventually("it is told again") {
                    try await dispatcher.status().counts.delivered == 1
                }
            }
            #expect(receiver.received.map(\.id) == ["msg_1", "msg_1"])
        }
    }

    @Test func whatWaitsOutlivesARestart() async throws {
        let fixture = try DispatcherFixture()
        defer { fixture.remove() }
        let isMended = Atomic(false)
        try await Receiver.run { _ in
            .status(isMended.load(ordering: .relaxed) ? 200 : 503)
        } while: { receiver in
            var limits = DispatcherFixture.quick
            limits.attempts = 1000
            let bounds = limits
            let endpoints = [try fixture.endpoint(receiver.url)]
            try await fixture.run(endpoints, limits: bounds) { dispatcher in
                for number in 0..<30 { dispatcher.outbox.emit(fixture.event(id: "msg_\(number)")) }
                try await eventually("some were tried") {
                    try await dispatcher.status().counts.failedAttempts > 5
                }
            }
            isMended.store(true, ordering: .relaxed)
            let before = receiver.received.count
            try await fixture.run(endpoints, limits: bounds) { dispatcher in
                #expect(try await dispatcher.status().waiting <= 30)
                try await eventually("all are told") {
                    try await dispatcher.status().counts.delivered == 30
                }
            }
            let after = receiver.received.dropFirst(before).map(\.id)
            #expect(Set(after) == Set((0..<30).map { "msg_\($0)" }))
            #expect(after.count == 30)
        }
    }
}
