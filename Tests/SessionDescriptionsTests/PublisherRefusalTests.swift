import SessionDescriptions
import Testing

@Suite struct PublisherRefusalTests {
    private func refusal(_ fixture: Fixture, _ changes: [(String, String)]) throws -> OfferError {
        var offer = try fixture.text()
        for (old, new) in changes {
            let changed = offer.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
            try #require(changed != offer, "'\(old)' is not in the offer")
            offer = changed
        }
        let description = try SessionDescription(parsing: offer)
        let local = try relayTransport()
        return try #require(throws: OfferError.self) {
            try OfferAnswer.answerPublisher(description, local: local)
        }
    }

    @Test func dataChannelsAreRefused() throws {
        let error = try refusal(.chromiumSimulcastData, [])
        #expect(error.code == .unsupportedMedia)
        #expect(error.httpStatus == 422)
        #expect(error.message.contains("'application'"))
    }

    @Test func receivingSectionsAreRefused() throws {
        for direction in ["recvonly", "inactive"] {
            let error = try refusal(.obsPublish, [("a=sendonly", "a=\(direction)")])
            #expect(error.code == .wrongDirection)
            #expect(error.httpStatus == 422)
            #expect(error.message.contains(direction))
        }
    }

    @Test func sendrecvIsAnsweredRecvonly() throws {
        let offer = try Fixture.obsPublish.description(replacing: ("a=sendonly", "a=sendrecv"))
        let answer = try OfferAnswer.answerPublisher(offer, local: relayTransport()).answer
        #expect(answer.media.allSatisfy { $0.has("recvonly") })
    }

    @Test func twoCamerasAreOneTooMany() throws {
        let error = try refusal(
            .obsPublish,
            [("m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=video 9 UDP/TLS/RTP/SAVPF 111")]
        )
        #expect(error.code == .tooManyMedia)
        #expect(error.httpStatus == 422)
    }

    @Test func oneUnusableSectionRefusesTheWholeOffer() throws {
        let error = try refusal(.obsPublish, [("H264/90000", "H265/90000")])
        #expect(error.code == .noUsableCodec)
        #expect(error.httpStatus == 422)
        #expect(error.message.contains("H265/90000"))
        #expect(error.message.contains("VP8"))
    }

    @Test(arguments: [
        ("packetization-mode=1", "packetization-mode=0"), ("packetization-mode=1;", ""),
        ("profile-level-id=42e01f", "profile-level-id=f4001f"),
        ("profile-level-id=42e01f", "profile-level-id=zz"),
        ("H264/90000", "H264/48000"), ("H264/90000", "H264"),
        ("m=video 9 UDP/TLS/RTP/SAVPF 96", "m=video 9 UDP/TLS/RTP/SAVPF 97"),
        ("opus/48000/2", "opus/48000"), ("opus/48000/2", "opus/16000/2"),
        ("opus/48000/2", "multiopus/48000/6"),
    ])
    func formsOfACodecThatAreNotForwarded(_ old: String, _ new: String) throws {
        #expect(try refusal(.obsPublish, [(old, new)]).code == .noUsableCodec)
    }

    @Test func separateTransportsAreRefused() throws {
        for change in [("a=group:BUNDLE 0 1\r\n", ""), ("BUNDLE 0 1", "BUNDLE 0")] {
            let error = try refusal(.obsPublish, [change])
            #expect(error.code == .bundleRequired)
            #expect(error.httpStatus == 422)
        }
    }

    @Test func aLoneSectionNeedsNoBundleAndNoMid() throws {
        let offer = try Fixture.ffmpegAudioPublish.description(
            replacing: ("a=group:BUNDLE 0 1\r\n", ""),
            ("a=mid:0\r\n", "")
        )
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        #expect(outcome.answer.value("group") == nil)
        #expect(outcome.answer.media.first?.value("mid") == nil)
        #expect(outcome.answer.media.first?.has("candidate") == true)
        #expect(outcome.session.media.first?.mid == "")
    }

    @Test func separateRTCPIsRefused() throws {
        let error = try refusal(.obsPublish, [("a=rtcp-mux\r\n", "")])
        #expect(error.code == .rtcpMuxRequired)
        #expect(error.httpStatus == 422)
    }

    @Test func plainRTPIsRefused() throws {
        let error = try refusal(.obsPublish, [("UDP/TLS/RTP/SAVPF", "RTP/AVP")])
        #expect(error.code == .unsupportedTransport)
        #expect(error.message.contains("'RTP/AVP'"))
    }

    @Test(arguments: [
        ("a=ice-ufrag:kLmN\r\n", "", OfferError.Code.noCredentials),
        ("a=ice-pwd:qRsTuVwXyZ0123456789ab\r\n", "", .noCredentials),
        ("a=ice-ufrag:kLmN", "a=ice-ufrag:kLm", .malformed),
        ("a=ice-ufrag:kLmN", "a=ice-ufrag:kL:mN", .malformed),
        ("a=ice-pwd:qRsTuVwXyZ0123456789ab", "a=ice-pwd:short", .malformed),
        ("sha-256 E3:", "sha-256 E3:E3:", .malformed),
        ("sha-256 E3:", "sha-256 ZZ:", .malformed),
        ("sha-256 E3:", "md5 E3:", .noFingerprint),
        ("a=fingerprint:", "a=x-fingerprint:", .noFingerprint),
        ("a=mid:1", "a=mid:0", .malformed),
        ("a=mid:1", "a=mid:", .malformed),
        ("a=mid:1", "a=mid:a b", .malformed),
    ])
    func brokenTransportsAre400(_ old: String, _ new: String, _ code: OfferError.Code) throws {
        let error = try refusal(.obsPublish, [(old, new)])
        #expect(error.code == code)
        #expect(error.httpStatus == 400)
    }

    @Test func passwordsAreNotRepeatedInMessages() throws {
        let error = try refusal(.obsPublish, [("a=ice-pwd:qRsTuVwXyZ0123456789ab", "a=ice-pwd:sEcReT")])
        #expect(!error.message.contains("sEcReT"))
    }

    @Test func holdconnIsRefused() throws {
        let error = try refusal(.obsPublish, [("setup:actpass", "setup:holdconn")])
        #expect(error.code == .unsupportedSetup)
        #expect(error.httpStatus == 422)
    }

    @Test func anActiveClientGetsAPassiveServer() throws {
        let offer = try Fixture.obsPublish.description(replacing: ("setup:actpass", "setup:active"))
        #expect(try OfferAnswer.answerPublisher(offer, local: relayTransport()).session.localRole == .server)
    }

    @Test func nothingOfferedIsAnError() throws {
        let empty = try SessionDescription(parsing: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
        let local = try relayTransport()
        let error = try #require(throws: OfferError.self) {
            try OfferAnswer.answerPublisher(empty, local: local)
        }
        #expect(error.code == .noMedia)
        #expect(try refusal(.obsPublish, [(" 9 UDP", " 0 UDP")]).code == .noMedia)
    }

    @Test func aDisabledSectionStaysDisabled() throws {
        let offer = try Fixture.obsPublish.description(replacing: ("m=audio 9", "m=audio 0"))
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        #expect(outcome.answer.media.map(\.port) == [0, 9])
        #expect(outcome.session.media.map(\.accepted) == [false, true])
        #expect(outcome.answer.value("group") == "BUNDLE 1")
        #expect(outcome.answer.media.last?.has("candidate") == true)
        #expect(outcome.session.media.first?.codecs.isEmpty == true)
    }

}
