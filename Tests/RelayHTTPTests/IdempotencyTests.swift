import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import RoomControl
import Synchronization
import Testing

@testable import RelayHTTP

@Suite struct IdempotencyTests {
    private let consents = "/v1/rooms/demo/participants/ada/consents"
    private let grant = #"{"changes":[{"purpose":"live_room","choice":"grant"}]}"#
    private let withdrawal = #"{"changes":[{"purpose":"live_room","choice":"withdraw"}]}"#
    private let refusal = #"{"changes":[{"purpose":"live_room","choice":"refuse"}]}"#

    private func headers(_ token: String, key: String?) throws -> HTTPFields {
        var headers = HTTPFields.bearer(token, type: jsonType)
        headers[try #require(HTTPField.Name("Idempotency-Key"))] = key
        return headers
    }

    private func put(
        _ client: any TestClientProtocol,
        _ token: String,
        key: String?,
        _ body: String,
        ifMatch: String? = nil
    ) async throws -> TestResponse {
        var headers = try headers(token, key: key)
        headers[.ifMatch] = ifMatch
        return try await client.execute(
            uri: consents,
            method: .put,
            headers: headers,
            body: ByteBuffer(string: body)
        )
    }

    @Test func theSameRequestIsDoneOnceAndAnsweredAlike() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        // A retry may come with a token that was renewed meanwhile, and without the quotes.
        let renewed = try await fixture.publishToken()
        try await fixture.run { client in
            let first = try await put(client, token, key: "\"k-1\"", grant)
            let again = try await put(client, renewed, key: "k-1", grant)
            #expect(first.status == .ok && again.status == .ok)
            #expect(again.text == first.text)
            #expect(again.headers[.eTag] == first.headers[.eTag])
            #expect(first.headers[named: "Idempotency-Replayed"] == nil)
            #expect(again.headers[named: "Idempotency-Replayed"] == "true")
        }
        #expect(fixture.relay.asked.withLock { $0.changes.count } == 1)
    }

    @Test func whatOnlyTakesAwayIsDoneAgain() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            for body in [withdrawal, refusal] {
                for _ in 0..<2 {
                    let answer = try await put(client, token, key: "k-\(body.utf8.count)", body)
                    #expect(answer.status == .ok && answer.headers[named: "Idempotency-Replayed"] == nil)
                }
            }
            #expect(
                try await put(client, token, key: "k-\(refusal.utf8.count)", grant).problem
                    == "idempotency-key-reused"
            )
            let mixed =
                #"{"changes":[{"purpose":"live_room","choice":"withdraw"},{"purpose":"replay_room","choice":"grant"}]}"#
            for replayed in [nil, "true"] {
                #expect(
                    try await put(client, token, key: "mixed", mixed).headers[named: "Idempotency-Replayed"]
                        == replayed
                )
            }
        }
        #expect(fixture.relay.asked.withLock { $0.changes.count } == 5)
    }

    @Test func aWithdrawalThatIsSentAgainAfterAGrantIsInForceWhenItIsAcknowledged() async throws {
        try await RealRelay.run { relay in
            let token = try await relay.publishToken("ada")
            func put(_ body: String, key: String?) async throws -> TestResponse {
                try await relay.client.execute(
                    uri: "/v1/rooms/studio/participants/ada/consents",
                    method: .put,
                    headers: try headers(token, key: key),
                    body: ByteBuffer(string: body)
                )
            }
            #expect(try await put(withdrawal, key: "w").status == .ok)
            #expect(try await put(grant, key: nil).status == .ok)
            let again = try await put(withdrawal, key: "w")
            #expect(again.status == .ok)
            let history = try await relay.get("/v1/rooms/studio/participants/ada/history", token)
            let states = try #require(history.object["events"] as? [[String: Any]]).map {
                $0["state"] as? String
            }
            #expect(states.last == "ConsentWithdrawn")
        }
    }

    @Test func anErasureTakesTheAnswersThatWereKeptAlong() async throws {
        try await RealRelay.run { relay in
            let (ada, bob) = (try await relay.publishToken("ada"), try await relay.publishToken("bob"))
            let relayOperator = try await relay.operatorToken()
            func send(
                _ method: HTTPRequest.Method,
                _ path: String,
                _ token: String,
                _ body: String
            ) async throws {
                let answer = try await relay.client.execute(
                    uri: path,
                    method: method,
                    headers: try headers(token, key: "k"),
                    body: ByteBuffer(string: body)
                )
                #expect(answer.status.kind == .successful, "\(answer.text)")
            }
            let people = "/v1/rooms/studio/participants"
            try await send(.put, "\(people)/ada/consents", ada, grant)
            try await send(.put, "\(people)/bob/consents", bob, grant)
            try await send(.put, "\(people)/ada/status", relayOperator, #"{"class":"member"}"#)
            let mint = #"{"kind":"publish","room":"studio","participant":"ada","name":"Ada"}"#
            try await send(.post, "/v1/tokens", relayOperator, mint)
            #expect(relay.idempotentRequests.count == 4)
            try await send(.post, "/v1/participants/ada/erasure", ada, "")
            // Bob's is left.
            #expect(relay.idempotentRequests.count == 1)
        }
    }

    @Test func anotherRequestUnderTheKeyIsRefused() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            #expect(try await put(client, token, key: "k", grant).status == .ok)
            #expect(try await put(client, token, key: "k", refusal).problem == "idempotency-key-reused")
            let conditional = try await put(client, token, key: "k", grant, ifMatch: "\"7\"")
            #expect(conditional.problem == "idempotency-key-reused")
            #expect(try await put(client, token, key: "other", refusal).status == .ok)
        }
        #expect(fixture.relay.asked.withLock { $0.changes.count } == 2)
    }

    @Test func keysOfOthersAndOfOtherPathsAreOtherKeys() async throws {
        let fixture = try await RelayFixture()
        let ada = try await fixture.publishToken()
        let relayOperator = try await fixture.operatorToken()
        try await fixture.run { client in
            #expect(try await put(client, ada, key: "k", withdrawal).status == .ok)
            let other = try await put(client, relayOperator, key: "k", withdrawal)
            #expect(other.headers[named: "Idempotency-Replayed"] == nil)
            let elsewhere = try await client.execute(
                uri: "/v1/rooms/demo/participants/grace/consents",
                method: .put,
                headers: try headers(relayOperator, key: "k"),
                body: ByteBuffer(string: withdrawal)
            )
            #expect(elsewhere.headers[named: "Idempotency-Replayed"] == nil)
        }
        #expect(fixture.relay.asked.withLock { $0.changes.count } == 3)
    }

    @Test func aStrangerGetsNoAnswerThatWasKept() async throws {
        let fixture = try await RelayFixture()
        let ada = try await fixture.publishToken()
        let grace = try await fixture.publishToken(participant: "grace")
        try await fixture.run { client in
            let own = try await put(client, ada, key: "k", withdrawal)
            #expect(own.status == .ok)
            let strange = try await put(client, grace, key: "k", withdrawal)
            #expect(strange.problem == "foreign-participant")
        }
    }

    @Test func refusalsAreKeptAndFailuresAreNot() async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            let first = try await put(client, token, key: "k", grant, ifMatch: "\"6\"")
            let again = try await put(client, token, key: "k", grant, ifMatch: "\"6\"")
            #expect(first.problem == "precondition-failed" && again.problem == "precondition-failed")
            #expect(again.headers[named: "Idempotency-Replayed"] == "true")
        }
        let failing = try await RelayFixture(
            StandInRelay(problem: RelayProblem("log-unavailable", status: 503, detail: "the disk is full"))
        )
        try await failing.run { client in
            for _ in 0..<2 {
                let answer = try await put(client, token, key: "k", grant)
                #expect(answer.problem == "log-unavailable")
                #expect(answer.headers[named: "Idempotency-Replayed"] == nil)
            }
        }
    }

    @Test(arguments: ["", "\"\"", "a b", "\"a\"b\"", "a\\b", "ключ", String(repeating: "k", count: 256)])
    func whatIsNoKeyIsRefused(_ key: String) async throws {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        try await fixture.run { client in
            let answer = try await put(client, token, key: key, withdrawal)
            #expect(answer.problem == "malformed-idempotency-key")
        }
        #expect(fixture.relay.asked.withLock { $0.changes.isEmpty })
    }

    @Test func mintingAgainGivesTheSameToken() async throws {
        let fixture = try await RelayFixture()
        let headers = try headers(try await fixture.operatorToken(), key: "mint-1")
        let body = ByteBuffer(string: #"{"kind":"view","room":"demo"}"#)
        try await fixture.run { client in
            let first = try await client.execute(
                uri: "/v1/tokens",
                method: .post,
                headers: headers,
                body: body
            )
            let again = try await client.execute(
                uri: "/v1/tokens",
                method: .post,
                headers: headers,
                body: body
            )
            #expect(first.status == .created && again.status == .created)
            #expect(first.object["token"] as? String == again.object["token"] as? String)
        }
    }

    @Test func aSecondRequestWhileTheFirstIsUnderWayIsTurnedAway() async throws {
        let requests = IdempotentRequests()
        var head = HTTPRequest(method: .put, scheme: nil, authority: nil, path: "/v1/x")
        head.headerFields[try #require(HTTPField.Name("Idempotency-Key"))] = "k"
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        async let first = requests.answer(request, principal: "p", body: ByteBuffer()) {
            enter.finish()
            for await _ in released {}
            return JSONAnswer(["done": true])
        }
        for await _ in entered {}
        await #expect {
            try await requests.answer(request, principal: "p", body: ByteBuffer()) {
                JSONAnswer(["done": false])
            }
        } throws: { error in
            (error as? RelayProblem)?.code == "idempotency-key-in-flight"
        }
        release.finish()
        #expect(try await first.status == .ok)
        let again = try await requests.answer(request, principal: "p", body: ByteBuffer()) {
            JSONAnswer(["done": false])
        }
        #expect(again.headers[.idempotencyReplayed] == "true")
    }

    @Test func aRequestThatIsGivenUpLeavesItsKeyFree() async throws {
        let requests = IdempotentRequests()
        var head = HTTPRequest(method: .put, scheme: nil, authority: nil, path: "/v1/x")
        head.headerFields[.idempotencyKey] = "k"
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        await #expect(throws: CancellationError.self) {
            try await requests.answer(request, principal: "p", body: ByteBuffer()) {
                throw CancellationError()
            }
        }
        #expect(requests.count == 0)
    }
}

@Suite struct IdempotencyTableTests {
    private let start = ContinuousClock.now

    private func name(_ key: String, _ principal: String = "p") -> IdempotencyTable.Name {
        IdempotencyTable.Name(principal: principal, route: "PUT /x", key: key)
    }

    private func isFirst(_ admission: IdempotencyTable.Admission) -> Bool {
        if case .first = admission { true } else { false }
    }

    @Test func forgetsAfterADay() {
        var table = IdempotencyTable()
        _ = table.begin(name("k"), fingerprint: [1], now: start)
        table.finish(name("k"), JSONAnswer(["a": 1]))
        let nearly = start.advanced(by: IdempotencyTable.lifetime - .seconds(1))
        #expect(!isFirst(table.begin(name("k"), fingerprint: [1], now: nearly)))
        #expect(isFirst(table.begin(name("k"), fingerprint: [1], now: start + IdempotencyTable.lifetime)))
    }

    @Test func oneSenderPushesOutOnlyItsOwn() {
        var table = IdempotencyTable()
        _ = table.begin(name("kept", "other"), fingerprint: [1], now: start)
        table.finish(name("kept", "other"), JSONAnswer(["a": 1]))
        for number in 0..<IdempotencyTable.maximumPerPrincipal + 10 {
            _ = table.begin(name("\(number)"), fingerprint: [1], now: start)
            table.finish(name("\(number)"), JSONAnswer(["a": 1]))
        }
        #expect(table.count == IdempotencyTable.maximumPerPrincipal + 1)
        #expect(!isFirst(table.begin(name("kept", "other"), fingerprint: [1], now: start)))
        #expect(isFirst(table.begin(name("0"), fingerprint: [1], now: start)))
    }

    @Test func staysWithinItsNumberAndBytes() {
        var table = IdempotencyTable()
        for number in 0..<IdempotencyTable.maximumEntries + 100 {
            let name = name("k", "\(number)")
            _ = table.begin(name, fingerprint: [1], now: start)
            table.finish(name, JSONAnswer(["a": 1]))
        }
        #expect(table.count == IdempotencyTable.maximumEntries)
        var large = IdempotencyTable()
        let text = String(repeating: "x", count: IdempotencyTable.maximumAnswerBytes - 100)
        for number in 0..<1000 {
            let name = name("k", "\(number)")
            _ = large.begin(name, fingerprint: [1], now: start)
            large.finish(name, JSONAnswer(["a": text]))
        }
        #expect(large.bytes <= IdempotencyTable.maximumBytes)
        #expect(large.count > 400)
    }

    @Test func whatIsUnderWayIsNotPushedOut() {
        var table = IdempotencyTable()
        _ = table.begin(name("slow"), fingerprint: [1], now: start)
        for number in 0..<IdempotencyTable.maximumPerPrincipal * 2 {
            _ = table.begin(name("\(number)"), fingerprint: [1], now: start)
            table.finish(name("\(number)"), JSONAnswer(["a": 1]))
        }
        #expect(!isFirst(table.begin(name("slow"), fingerprint: [1], now: start)))
    }

    @Test func anAnswerThatIsTooLargeIsNotKept() {
        var table = IdempotencyTable()
        _ = table.begin(name("k"), fingerprint: [1], now: start)
        let text = String(repeating: "x", count: IdempotencyTable.maximumAnswerBytes)
        table.finish(name("k"), JSONAnswer(["a": text]))
        #expect(table.count == 0 && table.bytes == 0)
    }
}
