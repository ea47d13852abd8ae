import SessionDescriptions
import Testing

@Suite struct ViewerAnswerTests {
    @Test(arguments: Fixture.viewers)
    func everySlotIsFilledWithOurStreams(_ fixture: Fixture) throws {
        let offer = try fixture.description()
        let outcome = try OfferAnswer.answerViewer(offer, local: relayTransport(), stream: testStream)
        #expect(outcome.session.localRole == .server)
        #expect(outcome.session.acceptedMedia.count == offer.media.count)
        #expect(try SessionDescription(parsing: outcome.answer.text) == outcome.answer)
        for (index, section) in outcome.answer.media.enumerated() {
            #expect(section.has("sendonly"))
            #expect(section.value("msid") == "room t\(index)")
            #expect(section.attributes.contains(SDPAttribute("ssrc", "\(1000 + index) cname:relay")))
            let hasRetransmission = section.attributes.contains(
                SDPAttribute("ssrc-group", "FID \(1000 + index) \(2000 + index)")
            )
            #expect(hasRetransmission == (section.media == "video"))
            #expect(section.text(contains: "cname") && section.value("record") == "off")
            #expect(section.has("candidate") == (index == 0))
            #expect(outcome.session.media[index].outgoing?.ssrc == UInt32(1000 + index))
            #expect(outcome.session.media[index].direction == .sendonly)
        }
    }

    @Test func chromiumGetsAllItsCodecsAndStereo() throws {
        let outcome = try OfferAnswer.answerViewer(
            Fixture.chromiumView8.description(),
            local: relayTransport(),
            stream: testStream
        )
        let video = try #require(outcome.session.media.first)
        #expect(video.codecs.map(\.payloadType) == [96, 98, 102, 108, 116, 45])
        #expect(video.codecs.map(\.rtxPayloadType) == [97, 99, 103, 109, 117, 46])
        #expect(Set(video.codecs.map(\.name)) == [.vp8, .vp9, .h264, .av1])
        #expect(
            outcome.answer.media.last?.value("fmtp")
                == "111 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"
        )
        #expect(outcome.answer.value("group") == "BUNDLE 0 1 2 3 4 5 6 7")
    }

    @Test func firefoxsReceiveOnlyExtensionIsAnsweredSendonly() throws {
        let outcome = try OfferAnswer.answerViewer(
            Fixture.firefoxView4.description(),
            local: relayTransport(),
            stream: testStream
        )
        let video = try #require(outcome.answer.media.first)
        #expect(
            video.attributes.contains(SDPAttribute("extmap", "6/sendonly " + HeaderExtensionURI.playoutDelay))
        )
        #expect(video.has("extmap-allow-mixed") && !outcome.answer.has("extmap-allow-mixed"))
        #expect(outcome.session.remoteCandidates.isEmpty, "mDNS names are no candidates")
    }

    @Test func unusableSectionsAreDeclinedAlone() throws {
        let text = try Fixture.chromiumSimulcastData.text()
            .replacing("a=sendonly", with: "a=recvonly").replacing("opus/48000/2", with: "speex/48000/2")
        let outcome = try OfferAnswer.answerViewer(
            SessionDescription(parsing: text),
            local: relayTransport(),
            stream: testStream
        )
        #expect(outcome.answer.media.map(\.port) == [0, 9, 0])
        #expect(outcome.answer.media.last?.formats == ["webrtc-datachannel"])
        #expect(outcome.answer.media.last?.transport == "UDP/DTLS/SCTP")
        #expect(outcome.answer.value("group") == "BUNDLE 1")
        #expect(outcome.answer.media.map { $0.has("candidate") } == [false, true, false])
        #expect(outcome.session.media.map(\.accepted) == [false, true, false])
        #expect(outcome.session.acceptedMedia.map(\.mid) == ["1"])
    }

    @Test func slotsThatTheCallerLeavesEmptyAreDeclined() throws {
        var asked: [Int] = []
        let outcome = try OfferAnswer.answerViewer(
            Fixture.firefoxView4.description(),
            local: relayTransport()
        ) { slot in
            asked.append(slot.index)
            #expect(slot.acceptsRetransmission == (slot.kind == .video))
            return slot.index == 1 || slot.index == 3 ? testStream(slot) : nil
        }
        #expect(asked == [0, 1, 2, 3])
        #expect(outcome.answer.media.map(\.port) == [0, 9, 0, 9])
        #expect(outcome.session.bundledMids == ["1", "3"])
    }

    @Test func aViewerThatCanSeeNothingIsToldWhy() throws {
        func refusal(_ old: String, _ new: String) throws -> OfferError.Code {
            let offer = try SessionDescription(
                parsing: Fixture.aiortcView.text().replacing(old, with: new)
            )
            let local = try relayTransport()
            return try #require(throws: OfferError.self) {
                try OfferAnswer.answerViewer(offer, local: local, stream: testStream)
            }.code
        }
        #expect(try refusal("a=recvonly", "a=sendonly") == .wrongDirection)
        #expect(try refusal("a=group:BUNDLE 0 1\r\n", "") == .bundleRequired)
    }

    @Test func thirtyTwoSectionsAreTheLimit() throws {
        let local = try relayTransport()
        let full = OfferBuilder.viewerOffer(local: local, videoSlots: 16, audioSlots: 16)
        #expect(
            try OfferAnswer.answerViewer(full, local: local, stream: testStream).session.acceptedMedia.count
                == 32
        )
        let over = OfferBuilder.viewerOffer(local: local, videoSlots: 17, audioSlots: 16)
        let error = try #require(throws: OfferError.self) {
            try OfferAnswer.answerViewer(over, local: local, stream: testStream)
        }
        #expect(error.code == .tooManyMedia)
        #expect(error.message.contains("33"))
    }

    @Test func thePayloadTypeFollowsThePublishersProfile() throws {
        let viewer = try #require(
            try OfferAnswer.answerViewer(
                Fixture.chromiumView8.description(),
                local: relayTransport(),
                stream: testStream
            ).session.media.first
        )
        func payloadType(_ fixture: Fixture, _ publisherType: UInt8) throws -> UInt8? {
            let session = try OfferAnswer.answerPublisher(fixture.description(), local: relayTransport())
                .session
            let codec = try #require(
                session.acceptedMedia.flatMap(\.codecs).first { $0.payloadType == publisherType }
            )
            return viewer.codec(decoding: codec)?.payloadType
        }
        #expect(try payloadType(.obsPublish, 96) == 108, "constrained baseline, not plain baseline")
        #expect(try payloadType(.ffmpegPublish, 106) == 108)
        #expect(try payloadType(.aiortcPublish, 99) == 102)
        #expect(try payloadType(.chromiumPublish, 116) == 116)
        #expect(try payloadType(.firefoxPublish, 99) == 45)
        #expect(try payloadType(.safariPublish, 96) == nil, "constrained high has no decoder there")
        #expect(try payloadType(.obsPublish, 111) == nil, "audio has no place in a video section")
    }
}
