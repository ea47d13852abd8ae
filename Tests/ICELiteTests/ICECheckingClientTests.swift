import ICELite
import Primitives
import Testing

struct ICECheckingClientTests {
    var random = SeededRandom(seed: 8_445)
    var agent = ICELiteAgent(local: server, remoteUfrag: "cli3")
    var response: [UInt8] = []

    func client(_ candidates: [SocketAddress], password: String = server.password) -> ICECheckingClient {
        ICECheckingClient(
            localUfrag: "cli3",
            remote: ICECredentials(ufrag: server.ufrag, password: password),
            candidates: candidates,
            tieBreaker: 42,
            now: seconds(0)
        )
    }

    mutating func answer(_ check: ICECheckingClient.Check, at now: MonotonicTime) -> ICEOutcome {
        agent.receive(check.bytes.span.bytes, from: alice, to: check.remote, now: now, response: &response)
    }

    @Test mutating func singleCandidateIsSelectedByBothSidesInOneRound() throws {
        var client = client([relay])
        let check = try #require(client.poll(now: seconds(0), random: &random))
        #expect(client.poll(now: seconds(0), random: &random) == nil)
        #expect(
            answer(check, at: seconds(0))
                == .respond(ICEPair(remote: alice, local: relay), selectionChanged: true)
        )
        #expect(
            client.receive(response, from: relay, now: seconds(0.01))
                == .answered(mappedAddress: alice, selectionChanged: true)
        )
        #expect(client.selected == relay)
        #expect(client.nextTimeout == seconds(2.51))
        #expect(client.isLive(now: seconds(30)))
        #expect(!client.isLive(now: seconds(30.01)))
    }

    @Test mutating func unansweredChecksArePacedAndRepeatedEverMoreSlowly() throws {
        var client = client([relay, relay.with(port: 7_001)])
        var sent: [(Double, SocketAddress)] = []
        for step in 0..<400 {
            let time = Double(step) / 100
            while let check = client.poll(now: seconds(time), random: &random) {
                sent.append((time, check.remote))
            }
        }
        let first = sent.filter { $0.1 == relay }.map(\.0)
        #expect(first == [0, 0.1, 0.3, 0.7, 1.5, 3.1])
        for (earlier, later) in zip(sent, sent.dropFirst()) { #expect(later.0 - earlier.0 > 0.049) }
        #expect(client.selected == nil)
    }

    @Test mutating func severalCandidatesAreNominatedOnlyOnceOneAnswered() throws {
        var client = client([bob, relay])
        let dead = try #require(client.poll(now: seconds(0), random: &random))
        #expect(dead.remote == bob)
        let alive = try #require(client.poll(now: seconds(0.05), random: &random))
        #expect(
            answer(alive, at: seconds(0.05))
                == .respond(ICEPair(remote: alice, local: relay), selectionChanged: false)
        )
        _ = client.receive(response, from: relay, now: seconds(0.06))
        #expect(client.selected == relay)
        let nomination = try #require(client.poll(now: seconds(0.1), random: &random))
        #expect(nomination.remote == relay)
        #expect(
            answer(nomination, at: seconds(0.1))
                == .respond(ICEPair(remote: alice, local: relay), selectionChanged: true)
        )
    }

    @Test mutating func keepalivesHoldTheServersPathAlive() throws {
        var client = client([relay])
        for step in 0..<700 {
            let now = seconds(Double(step) / 10)
            while let check = client.poll(now: now, random: &random) {
                _ = answer(check, at: now)
                // Every third answer is lost on the way.
                if step % 3 != 0 || step == 0 { _ = client.receive(response, from: relay, now: now) }
            }
        }
        #expect(agent.isLive(now: seconds(70)))
        #expect(client.isLive(now: seconds(70)))
    }

    @Test mutating func answersThatProveNothingAreIgnored() throws {
        var client = client([relay])
        let check = try #require(client.poll(now: seconds(0), random: &random))
        _ = answer(check, at: seconds(0))
        let good = response
        #expect(client.receive(good, from: bob, now: seconds(0)) == .ignored)
        var damaged = good
        damaged[25] ^= 1
        #expect(client.receive(damaged, from: relay, now: seconds(0)) == .ignored)
        let id = try #require(STUNMessage(bytes: good)).transactionID
        for (transaction, password) in [
            (id, "wrong"), (STUNTransactionID(high: 0, low: 0), server.password),
        ] {
            var writer = STUNWriter(.success, transactionID: transaction)
            writer.addXORMappedAddress(alice)
            writer.addMessageIntegrity(password: password.utf8)
            writer.addFingerprint()
            #expect(client.receive(writer.bytes, from: relay, now: seconds(0)) == .ignored)
        }
        #expect(client.selected == nil)
        #expect(client.receive(good, from: relay, now: seconds(0)) != .ignored)
        #expect(client.receive(good, from: relay, now: seconds(0)) == .ignored, "a replay")
    }

    @Test mutating func reportsRefusal() throws {
        var client = client([relay])
        let check = try #require(client.poll(now: seconds(0), random: &random))
        var writer = STUNWriter(
            .error,
            transactionID: try #require(STUNMessage(bytes: check.bytes)).transactionID
        )
        writer.addErrorCode(487, reason: "Role Conflict")
        writer.addMessageIntegrity(password: server.password.utf8)
        writer.addFingerprint()
        #expect(
            client.receive(writer.bytes, from: relay, now: seconds(0)) == .refused(errorCode: 487)
        )
    }

    @Test mutating func credentialsAreICETextAndShowNoPassword() {
        let made = ICECredentials.generate(prefix: "L17", using: &random)
        #expect(made.ufrag.hasPrefix("L17"))
        #expect(made.ufrag.utf8.count == 11)
        #expect(ICECredentials.isValidUfrag(made.ufrag))
        #expect(ICECredentials.isValidPassword(made.password))
        #expect(!ICECredentials.isValidUfrag("abc"))
        #expect(!ICECredentials.isValidUfrag("ab:cd"))
        #expect(!ICECredentials.isValidPassword("short"))
        #expect(made != ICECredentials.generate(prefix: "L17", using: &random))
        var dumped = ""
        dump(made, to: &dumped)
        for text in [dumped, "\(made)", String(reflecting: made)] { #expect(!text.contains(made.password)) }
    }
}
