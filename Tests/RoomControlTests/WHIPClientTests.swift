import Partners
import Primitives
import SessionDescriptions
import Testing
import Webhooks

@testable import RoomControl

/// Offers to a server that answers in every way that it should not.
@Suite struct WHIPClientTests {
    private let client = WHIPClient(requests: GuardedRequests())

    private var offer: String {
        OfferBuilder.publisherOffer(
            local: LocalTransport(
                iceUfrag: "user",
                icePassword: String(repeating: "p", count: 24),
                fingerprintSHA256: [UInt8](repeating: 7, count: 32),
                candidates: [],
                isLite: false,
                cname: "test",
                originID: 1
            ),
            audio: OutgoingStream(ssrc: 1, streamID: "s", trackID: "a"),
            video: OutgoingStream(ssrc: 2, rtxSSRC: 3, streamID: "s", trackID: "v")
        ).text
    }

    private func send(
        _ server: WHIPServer,
        token: String? = nil
    ) async throws -> Result<
        WHIPSession, WHIPFailure
    > {
        await client.offer(offer, to: try server.url(), token: token.map { HiddenText($0) })
    }

    private func failure(_ behaviour: WHIPServer.Behaviour) async throws -> WHIPFailure? {
        try await WHIPServer.run { server in
            server.behave(behaviour)
            guard case .failure(let failure) = try await send(server) else { return nil }
            return failure
        }
    }

    @Test func aSessionIsWhereItsLocationLeads() async throws {
        try await WHIPServer.run { server in
            let session = try await send(server, token: "abc").get()
            #expect(session.url == (try server.url("/sessions/1")))
            #expect(session.answer.media.count == 2)
            await client.end(session.url, token: HiddenText("abc"))
            #expect(server.deletions == ["/sessions/1"])
            #expect(server.received.map(\.authorization) == ["Bearer abc", "Bearer abc"])
        }
    }

    @Test(arguments: [307, 308])
    func redirectionsAreFollowedWithTheOffer(_ status: Int) async throws {
        try await WHIPServer.run { server in
            server.behave(.redirect(status, to: "/elsewhere"))
            let session = try await send(server, token: "abc").get()
            #expect(server.offers.count == 2 && server.offers[0] == server.offers[1])
            #expect(session.url == (try server.url("/sessions/2")))
        }
    }

    @Test func redirectionsThatMayNotBeFollowedAreNot() async throws {
        for target in ["http://192.0.2.1/whip", "ftp://127.0.0.1/", ""] {
            #expect(try await failure(.redirect(307, to: target)) == .unusable("redirection-unusable"))
        }
        #expect(try await failure(.redirect(307, to: "/whip")) == .unusable("too-many-redirections"))
        let moved = try await failure(.redirect(302, to: "/elsewhere"))
        #expect(moved == .refused(status: 302, retryAfterSeconds: nil))
    }

    @Test func refusalsCarryTheWaitThatTheServerAsksFor() async throws {
        #expect(
            try await failure(.status(503, retryAfter: "17")) == .refused(status: 503, retryAfterSeconds: 17)
        )
        #expect(try await failure(.status(401)) == .refused(status: 401, retryAfterSeconds: nil))
        #expect(try await failure(.status(401))?.reason == "http-401")
    }

    @Test func answersThatCannotBeUsedAreFailuresAndTheirSessionsEnd() async throws {
        let flood = String(repeating: "a=x\r\n", count: 20_000)
        let cases: [(WHIPServer.Behaviour, String, Int)] = [
            (.answer("v=0"), "answer-malformed", 1),
            (.answer(""), "answer-malformed", 1),
            (.answer("<html>", type: "text/html"), "answer-not-sdp", 1),
            (.answer("v=0", location: nil), "location-unusable", 0),
            (.answer("v=0", location: "http://192.0.2.1/x"), "location-unusable", 0),
            (.answer(flood), "answer-too-large", 0),
        ]
        for (behaviour, reason, deletions) in cases {
            try await WHIPServer.run { server in
                server.behave(behaviour)
                guard case .failure(let failure) = try await send(server) else {
                    Issue.record("\(reason) was taken for an answer")
                    return
                }
                #expect(failure == .unusable(reason))
                #expect(server.deletions.count == deletions)
            }
        }
    }

    @Test func nobodyThereIsAFailureAtOnce() async throws {
        let nobody = try #require(ServerURL("http://127.0.0.1:1/whip"))
        guard case .failure(let failure) = await client.offer(offer, to: nobody, token: nil) else {
            Issue.record("somebody answered")
            return
        }
        // And not a timeout: it is not tried until the time is up.
        #expect(failure == .failed(.unreachable))
    }
}
