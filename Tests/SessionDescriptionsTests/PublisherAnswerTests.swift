import SessionDescriptions
import Testing

/// What an answer to a publisher must come to, for each real client.
struct PublisherExpectation: CustomTestStringConvertible {
    let fixture: Fixture
    let role: DTLSRole
    /// Codec names with payload types and, after a slash, those of retransmissions; audio and video.
    let audio: [String]
    let video: [String]
    /// The formats of the answer's video line.
    let videoFormats: [String]
    let candidates: Int

    var testDescription: String { fixture.rawValue }
}

@Suite struct PublisherAnswerTests {
    static let expectations = [
        PublisherExpectation(
            fixture: .chromiumPublish,
            role: .server,
            audio: ["opus 111"],
            video: ["VP8 96/97", "H264 102/103", "H264 108/109", "H264 116/117", "AV1 45/46", "VP9 98/99"],
            videoFormats: ["96", "97", "102", "103", "108", "109", "116", "117", "45", "46", "98", "99"],
            candidates: 4
        ),
        PublisherExpectation(
            fixture: .firefoxPublish,
            role: .server,
            audio: ["opus 109"],
            video: ["VP8 120/124", "VP9 121/125", "AV1 99/100"],
            videoFormats: ["120", "124", "121", "125", "99", "100"],
            candidates: 0
        ),
        PublisherExpectation(
            fixture: .safariPublish,
            role: .server,
            audio: ["opus 111"],
            video: ["H264 96/97", "H264 98/99", "VP8 106/107", "VP9 108/109"],
            videoFormats: ["96", "97", "98", "99", "106", "107", "108", "109"],
            candidates: 0
        ),
        PublisherExpectation(
            fixture: .obsPublish,
            role: .server,
            audio: ["opus 111"],
            video: ["H264 96"],
            videoFormats: ["96"],
            candidates: 0
        ),
        PublisherExpectation(
            fixture: .obsPublishWithCandidates,
            role: .server,
            audio: ["opus 111"],
            video: ["H264 96"],
            videoFormats: ["96"],
            candidates: 3
        ),
        PublisherExpectation(
            fixture: .ffmpegPublish,
            role: .client,
            audio: ["opus 111"],
            video: ["H264 106"],
            videoFormats: ["106"],
            candidates: 0
        ),
        PublisherExpectation(
            fixture: .ffmpegAudioPublish,
            role: .client,
            audio: ["opus 111"],
            video: [],
            videoFormats: [],
            candidates: 0
        ),
        PublisherExpectation(
            fixture: .gstreamerPublish,
            role: .server,
            audio: ["opus 98"],
            video: ["VP8 96/97"],
            videoFormats: ["96", "97"],
            candidates: 0
        ),
        PublisherExpectation(
            fixture: .aiortcPublish,
            role: .server,
            audio: ["opus 96"],
            video: ["VP8 97/98", "H264 99/100", "H264 101/102"],
            videoFormats: ["97", "98", "99", "100", "101", "102"],
            candidates: 2
        ),
        PublisherExpectation(
            fixture: .tallyPublish,
            role: .server,
            audio: ["opus 111"],
            video: ["VP8 96/97", "VP9 98/99", "H264 102/103", "AV1 45/46"],
            videoFormats: ["96", "97", "98", "99", "102", "103", "45", "46"],
            candidates: 2
        ),
    ]

    static func codecs(_ kind: MediaKind, _ session: NegotiatedSession) -> [String] {
        session.acceptedMedia.filter { $0.kind == kind }.flatMap(\.codecs).map { codec in
            "\(codec.name.rawValue) \(codec.payloadType)" + (codec.rtxPayloadType.map { "/\($0)" } ?? "")
        }
    }

    @Test(arguments: expectations)
    func realOffersGetTheExpectedAnswer(_ expected: PublisherExpectation) throws {
        let offer = try expected.fixture.description()
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        #expect(outcome.session.localRole == expected.role)
        #expect(Self.codecs(.audio, outcome.session) == expected.audio)
        #expect(Self.codecs(.video, outcome.session) == expected.video)
        #expect(outcome.session.remoteCandidates.count == expected.candidates)
        #expect(outcome.answer.media.first { $0.media == "video" }?.formats ?? [] == expected.videoFormats)

        let answer = try SessionDescription(parsing: outcome.answer.text)
        #expect(answer == outcome.answer)
        #expect(answer.text.utf8.count < 8192, "ffmpeg reads no more")
        #expect(answer.text.hasPrefix("v="))
        #expect(answer.has("ice-lite"))
        #expect(answer.value("ice-options") == nil)
        #expect(answer.value("record") == "off")
        #expect(answer.media.count == offer.media.count)
        for (index, section) in answer.media.enumerated() {
            #expect(section.has("recvonly"))
            #expect(section.has("rtcp-mux"))
            #expect(section.has("rtcp-rsize") == offer.media[index].has("rtcp-rsize"))
            #expect(section.value("setup") == (expected.role == .server ? "passive" : "active"))
            #expect(section.value("mid") == offer.media[index].value("mid"))
            #expect(section.value("ice-ufrag") == "r3layUfr4g")
            #expect(section.value("fingerprint")?.hasPrefix("sha-256 00:01:02:") == true)
            #expect(section.value("record") == "off")
            #expect(!section.has("simulcast") && !section.has("rid") && !section.has("ssrc"))
        }
        let first = try #require(answer.media.first)
        #expect(
            first.attributes.filter { $0.name == "candidate" }.compactMap(\.value) == [
                "1 1 udp 2130706431 203.0.113.5 7000 typ host",
                "2 1 udp 2130706175 2001:db8::1 7000 typ host",
            ]
        )
        #expect(first.has("end-of-candidates"))
    }

    @Test(arguments: Fixture.publishers)
    func answersKeepTheOffersBundle(_ fixture: Fixture) throws {
        let offer = try fixture.description()
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        let mids = offer.media.compactMap { $0.value("mid") }
        #expect(outcome.answer.value("group") == "BUNDLE " + mids.joined(separator: " "))
        #expect(outcome.session.bundledMids == mids)
    }

    @Test func everythingChromiumSaysIsTaken() throws {
        let session = try OfferAnswer.answerPublisher(
            Fixture.chromiumPublish.description(),
            local: relayTransport()
        ).session
        #expect(session.remoteUfrag == "TztU")
        #expect(session.remotePassword == "mTfqwML95pucQmEQeuSBYGwc")
        #expect(session.remoteFingerprints.map(\.algorithm) == [.sha256])
        #expect(session.remoteFingerprints.first?.bytes.prefix(3) == [0x8A, 0x36, 0x4F])
        #expect(!session.isRemoteLite)
        let video = try #require(session.media.last)
        #expect(video.remoteSSRCs == [RemoteSSRC(ssrc: 830_803_706, rtxSSRC: 646_282_458)])
        #expect(
            video.remoteStreamID
                == MediaStreamID(
                    streamID: "7c1fcc94-90da-4641-8fb1-410daf606cc0",
                    trackID: "0814f2de-8af8-44a6-a8e8-99518bdb2c84"
                )
        )
        #expect(video.allowsMixedExtensions)
        #expect(video.rtcpFeedback == .all)
        #expect(video.extensions.map(\.id) == [2, 13, 3, 5, 4])
        #expect(video.extensionID(HeaderExtensionURI.mid) == 4)
        #expect(video.extensionID(HeaderExtensionURI.audioLevel) == nil)
        let h264 = try #require(video.codecs.first { $0.payloadType == 108 })
        #expect(h264.profileLevelID?.profile == .constrainedBaseline)
        #expect(h264.packetizationMode == 1)
        #expect(h264.feedback == .all)
        let audio = try #require(session.media.first)
        #expect(audio.rtcpFeedback == .transportCC)
        #expect(audio.extensions.map(\.id) == [1, 2, 3, 4])
    }

    @Test func sessionLevelTransportCounts() throws {
        let session = try OfferAnswer.answerPublisher(
            Fixture.obsPublish.description(),
            local: relayTransport()
        ).session
        #expect(session.remoteUfrag == "kLmN")
        #expect(session.remoteFingerprints.count == 1)
    }

    @Test func severalHashesOfOneCertificateAreKept() throws {
        let session = try OfferAnswer.answerPublisher(
            Fixture.aiortcPublish.description(),
            local: relayTransport()
        ).session
        #expect(session.remoteFingerprints.map(\.algorithm) == [.sha256, .sha384, .sha512])
    }

    @Test func ffmpegsSevenDigitProfileIsConstrainedBaseline() throws {
        let outcome = try OfferAnswer.answerPublisher(
            Fixture.ffmpegPublish.description(),
            local: relayTransport()
        )
        #expect(outcome.session.media.last?.codecs.first?.profileLevelID?.profile == .constrainedBaseline)
        #expect(
            outcome.answer.media.last?.value("fmtp")
                == "106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42401f"
        )
        #expect(outcome.session.media.last?.remoteSSRCs == [RemoteSSRC(ssrc: 3_405_691_582, rtxSSRC: nil)])
    }

    @Test func stereoIsAnsweredWithStereo() throws {
        let stereo = try OfferAnswer.answerPublisher(
            Fixture.obsPublish.description(),
            local: relayTransport()
        )
        #expect(
            stereo.answer.media.first?.value("fmtp")
                == "111 minptime=10;maxaveragebitrate=96000;useinbandfec=1;stereo=1;sprop-stereo=1"
        )
        #expect(stereo.session.media.first?.codecs.first?.stereo == true)
        let mono = try OfferAnswer.answerPublisher(
            Fixture.safariPublish.description(),
            local: relayTransport()
        )
        #expect(mono.answer.media.first?.value("fmtp") == "111 minptime=10;useinbandfec=1")
        #expect(mono.session.media.first?.codecs.first?.stereo == false)
    }

    @Test func capabilitiesNarrowTheAnswer() throws {
        let narrow = MediaCapabilities(
            codecs: [.vp8, .opus],
            extensions: [HeaderExtensionURI.mid],
            feedback: [.nack, .nackPLI, .transportCC]
        )
        let outcome = try OfferAnswer.answerPublisher(
            Fixture.chromiumPublish.description(),
            local: relayTransport(),
            capabilities: narrow
        )
        let video = try #require(outcome.session.media.last)
        #expect(Self.codecs(.video, outcome.session) == ["VP8 96/97"])
        #expect(video.extensions.map(\.uri) == [HeaderExtensionURI.mid])
        #expect(
            video.rtcpFeedback == [.nack, .nackPLI],
            "without its extension transport-cc has nothing to report"
        )
    }

    @Test func simulcastIsDeclinedByNotAnsweringIt() throws {
        var offer = try Fixture.chromiumSimulcastData.description()
        #expect(offer.media.removeLast().media == "application")
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        #expect(!outcome.answer.text.contains("rid") && !outcome.answer.text.contains("simulcast"))
        #expect(outcome.session.media.last?.extensionID(HeaderExtensionURI.dependencyDescriptor) == 12)
        #expect(outcome.session.media.last?.remoteSSRCs.isEmpty == true)
    }

    @Test func directedExtensionsAreAnsweredFromOurSide() throws {
        let offer = try Fixture.chromiumPublish.description(
            replacing: ("extmap:13 urn", "extmap:13/sendonly urn"),
            ("extmap:5 http", "extmap:5/recvonly http")
        )
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        let video = try #require(outcome.answer.media.last)
        #expect(video.attributes.contains(SDPAttribute("extmap", "13/recvonly urn:3gpp:video-orientation")))
        #expect(!video.text(contains: "playout-delay"))
    }

    @Test func anIdWithTwoMeaningsInOneBundleLosesTheSecond() throws {
        let offer = try Fixture.chromiumPublish.description(
            replacing: ("extmap:13 urn:3gpp", "extmap:1 urn:3gpp")
        )
        let session = try OfferAnswer.answerPublisher(offer, local: relayTransport()).session
        #expect(session.media.first?.extensionID(HeaderExtensionURI.audioLevel) == 1)
        #expect(session.media.last?.extensionID(HeaderExtensionURI.videoOrientation) == nil)
    }

    @Test(arguments: [
        (RecordIndication.on, "on"), (.off, "off"), (.paused, "paused"),
    ])
    func answersSayWhetherTheyRecord(_ record: RecordIndication, _ word: String) throws {
        let answer = try OfferAnswer.answerPublisher(
            Fixture.obsPublish.description(),
            local: relayTransport(),
            record: RecordIndications(record)
        ).answer
        #expect(answer.value("record") == word)
        #expect(answer.media.allSatisfy { $0.value("record") == word })
    }

    @Test(arguments: [
        (RecordIndication.on, RecordIndication.paused, "on"), (.off, .on, "on"), (.off, .paused, "paused"),
    ])
    func eachSectionSaysWhetherItIsRecorded(
        _ audio: RecordIndication,
        _ video: RecordIndication,
        _ session: String
    ) throws {
        let answer = try OfferAnswer.answerPublisher(
            Fixture.chromiumPublish.description(),
            local: relayTransport(),
            record: RecordIndications(audio: audio, video: video)
        ).answer
        #expect(answer.value("record") == session, "as far as any of the sections")
        for section in answer.media {
            let expected = section.media == "audio" ? audio : video
            #expect(section.value("record") == expected.rawValue)
        }
    }

    @Test func theSessionIsNotRecordedForTheSakeOfMediaThatItDoesNotHave() throws {
        let withoutPicture = try OfferAnswer.answerPublisher(
            Fixture.chromiumPublish.description(replacing: ("m=video 9", "m=video 0")),
            local: relayTransport(),
            record: RecordIndications(audio: .paused, video: .on)
        ).answer
        #expect(withoutPicture.value("record") == "paused")
        #expect(withoutPicture.media.map { $0.value("record") } == ["paused", "off"])
    }

    @Test func recordPreferencesOnlyNarrow() throws {
        func preferences(_ session: String, _ video: String) throws -> [RecordPreference] {
            let offer = try Fixture.obsPublish.description(
                replacing: ("a=group:LS 0 1\r\n", session),
                ("a=mid:1\r\n", "a=mid:1\r\n" + video + "a=x:y\r\n")
            )
            let settled = try OfferAnswer.answerPublisher(offer, local: relayTransport()).session
            return [settled.recordPreference] + settled.media.map(\.recordPreference)
        }
        #expect(try preferences("", "") == [.none, .none, .none])
        #expect(
            try preferences("a=recordpref:on\r\n", "a=recordpref:nopreference\r\n") == [.none, .none, .none]
        )
        #expect(try preferences("", "a=recordpref:off\r\n") == [.off, .none, .off])
        #expect(try preferences("a=recordpref:pause\r\n", "a=recordpref:on\r\n") == [.pause, .pause, .pause])
        #expect(try preferences("a=recordpref:pause\r\n", "a=recordpref:off\r\n") == [.off, .pause, .off])
        #expect(try preferences("a=recordpref:please\r\n", "") == [.off, .off, .off], "unknown words narrow")
        #expect(try preferences("a=recordpref\r\n", "") == [.off, .off, .off])
    }
}

extension MediaDescription {
    func text(contains part: String) -> Bool { attributes.contains { $0.value?.contains(part) == true } }
}
