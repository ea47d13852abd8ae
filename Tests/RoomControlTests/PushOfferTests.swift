import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import Rooms
import SessionDescriptions
import Testing

@testable import RoomControl

/// What a server's answer to an offer of ours may say.
@Suite struct PushOfferTests {
    private func offer() throws -> PushOffer {
        let credentials = ICECredentials(ufrag: "user", password: String(repeating: "p", count: 24))
        let published = try OfferAnswer.answerPublisher(
            OfferBuilder.publisherOffer(
                local: local("push", []),
                audio: OutgoingStream(ssrc: 1, streamID: "s", trackID: "a"),
                video: OutgoingStream(ssrc: 2, rtxSSRC: 3, streamID: "s", trackID: "v"),
                videoCodecs: [.h264]
            ),
            local: local("here", [])
        ).session
        return PushOffer(
            try published.acceptedMedia.enumerated().map { index, media in
                (track: TrackID(UInt64(index)), codec: try #require(media.codecs.first))
            },
            local: local("user", ["127.0.0.1"]),
            credentials: credentials,
            mayBeRecorded: true
        )
    }

    private func local(_ ufrag: String, _ candidates: [String]) -> LocalTransport {
        LocalTransport(
            iceUfrag: ufrag,
            icePassword: String(repeating: "p", count: 24),
            fingerprintSHA256: [UInt8](repeating: 7, count: 32),
            candidates: candidates.compactMap { SocketAddress(host: $0, port: 9) }.map {
                ICECandidate(host: $0)
            },
            isLite: false,
            cname: "test",
            originID: 1
        )
    }

    private func answer(
        _ offer: PushOffer,
        _ candidates: [String],
        codecs: Set<CodecName> = Set(CodecName.allCases)
    ) throws -> SessionDescription {
        var capabilities = PushOffer.capabilities
        capabilities.codecs = codecs
        return try OfferAnswer.answerPublisher(
            try SessionDescription(parsing: offer.description.text),
            local: local("serv", candidates),
            capabilities: capabilities
        ).answer
    }

    @Test func isSettledByAnAnswerOfItsOwnKind() throws {
        let offer = try offer()
        let answer = try answer(offer, ["192.0.2.7", "198.51.100.7"])
        let settled = try offer.settle(answer, port: 4_000, serverIsHere: false).get()
        #expect(settled.lines.count == 2 && settled.carriesConsent)
        #expect(settled.lines.compactMap { offer.track(of: $0) } == [TrackID(0), TrackID(1)])
        let outbound = try #require(settled.transport.outbound)
        #expect(outbound.port == 4_000 && outbound.remote.ufrag == "serv")
        #expect(outbound.candidates.count == 2)
        #expect(settled.parameters.allSatisfy { !$0.showsSlates && $0.consentExtension != 0 })
        #expect(settled.parameters.last?.rtxSSRC == offer.parts.last?.stream.rtxSSRC)
    }

    @Test func asksNobodyButTheServer() throws {
        let offer = try offer()
        let everywhere = [
            "127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "192.0.2.7",
        ]
        let far = try offer.settle(try answer(offer, everywhere), port: 1, serverIsHere: false).get()
        #expect(far.transport.outbound?.candidates.map(\.host) == ["192.0.2.7"])
        let here = try offer.settle(try answer(offer, everywhere), port: 1, serverIsHere: true).get()
        #expect(here.transport.outbound?.candidates.contains { $0.isLoopback } == true)
        #expect(here.transport.outbound?.candidates.contains { $0.host == "0.0.0.0" } == false)
        let nowhere = offer.settle(
            try answer(offer, ["127.0.0.1"]),
            port: 1,
            serverIsHere: false
        )
        #expect(failure(nowhere) == .unusable("no-candidates"))
    }

    @Test func goesOnWithoutWhatTheServerDeclines() throws {
        let offer = try offer()
        var answer = try answer(offer, ["192.0.2.7"])
        answer.media[1].port = 0
        let settled = try offer.settle(answer, port: 1, serverIsHere: false).get()
        #expect(settled.lines.compactMap { offer.track(of: $0) } == [TrackID(0)])
        answer.media[0].port = 0
        #expect(failure(offer.settle(answer, port: 1, serverIsHere: false)) == .unusable("answer-malformed"))
    }

    @Test func refusesAnAnswerToSomethingElse() throws {
        let offer = try offer()
        var answer = try answer(offer, ["192.0.2.7"])
        answer.media.removeLast()
        #expect(failure(offer.settle(answer, port: 1, serverIsHere: false)) == .unusable("answer-malformed"))
    }

    private func failure(_ result: Result<PushOffer.Settlement, WHIPFailure>) -> WHIPFailure? {
        guard case .failure(let failure) = result else { return nil }
        return failure
    }
}
