import Primitives
import SessionDescriptions
import Testing

/// Our own clients: their offers, and the answers of the relay and of Chromium.
@Suite struct ClientTests {
    private let audio = OutgoingStream(ssrc: 1, streamID: "s", trackID: "a")
    private let video = OutgoingStream(ssrc: 2, rtxSSRC: 3, streamID: "s", trackID: "v")

    @Test func ourPublisherAndTheRelayAgree() throws {
        let offer = try OfferBuilder.publisherOffer(
            local: relayTransport(),
            audio: audio,
            video: video,
            videoCodecs: [.h264, .vp8]
        )
        let relay = try OfferAnswer.answerPublisher(
            SessionDescription(parsing: offer.text),
            local: relayTransport()
        )
        let client = try NegotiatedSession(
            fromAnswer: SessionDescription(parsing: relay.answer.text),
            toOffer: offer,
            streams: [0: audio, 1: video]
        )
        #expect(client.localRole == .client)
        #expect(relay.session.localRole == .server)
        #expect(client.isRemoteLite)
        #expect(client.media.map(\.direction) == [.sendonly, .sendonly])
        #expect(client.media.map(\.outgoing) == [audio, video])
        #expect(client.media[1].codecs.map(\.payloadType) == [102, 96])
        #expect(
            client.media.map { $0.extensions.map(\.id) }
                == relay.session.media.map { $0.extensions.map(\.id) }
        )
        #expect(client.media.map(\.rtcpFeedback) == relay.session.media.map(\.rtcpFeedback))
        #expect(relay.session.media[1].remoteSSRCs == [RemoteSSRC(ssrc: 2, rtxSSRC: 3)])
        #expect(client.remoteCandidates.map(\.address.port) == [7000, 7000])
        #expect(client.remoteCandidates.first?.address.host == "203.0.113.5")
    }

    /// Under any id and in any section: what was announced is never quietly left out.
    @Test(arguments: ["6", "15", "6/sendonly", "6/recvonly", "4", "none"])
    func anAnnouncedConsentStateIsNoticedWhetherItCanBeUsedOrNot(id: String) throws {
        var capabilities = MediaCapabilities()
        capabilities.extensions.insert(HeaderExtensionURI.consentState)
        let offer = try OfferBuilder.publisherOffer(
            local: relayTransport(),
            audio: audio,
            video: video,
            capabilities: capabilities
        )
        let line = "a=extmap:6 \(HeaderExtensionURI.consentState)\r\n"
        #expect(offer.text.ranges(of: line).count == 2)
        let text =
            id == "none"
            ? offer.text.replacing(line, with: "")
            : offer.text.replacing(line, with: line.replacing(":6 ", with: ":\(id) "))
        let session = try OfferAnswer.answerPublisher(
            SessionDescription(parsing: text),
            local: relayTransport(),
            capabilities: capabilities
        ).session
        #expect(session.announcesConsentState == (id != "none"))
        let used = session.media.map { $0.extensionID(HeaderExtensionURI.consentState) }
        #expect(used == (id.hasPrefix("6") && id != "6/recvonly" ? [6, 6] : [nil, nil]))
    }

    @Test func ourViewerAndTheRelayAgree() throws {
        let offer = try OfferBuilder.viewerOffer(local: relayTransport(), videoSlots: 2, audioSlots: 1)
        let relay = try OfferAnswer.answerViewer(offer, local: relayTransport()) { slot in
            slot.index == 1 ? nil : testStream(slot)
        }
        let client = try NegotiatedSession(fromAnswer: relay.answer, toOffer: offer)
        #expect(client.media.map(\.accepted) == [true, false, true])
        #expect(client.media.map(\.direction) == [.recvonly, .inactive, .recvonly])
        #expect(client.media[0].remoteSSRCs == [RemoteSSRC(ssrc: 1000, rtxSSRC: 2000)])
        #expect(client.media[0].remoteStreamID == MediaStreamID(streamID: "room", trackID: "t0"))
    }

    @Test func chromiumsAnswerToOurPublisherIsRead() throws {
        let session = try NegotiatedSession(
            fromAnswer: Fixture.chromiumAnswersPublisher.description(),
            toOffer: Fixture.tallyPublish.description(),
            streams: [0: audio, 1: video]
        )
        #expect(session.localRole == .server, "Chromium takes the active part")
        #expect(session.media.map(\.direction) == [.sendonly, .sendonly])
        #expect(session.media[1].codecs.map(\.payloadType) == [96, 98, 102, 45])
        #expect(session.media[1].codecs.allSatisfy { $0.rtxPayloadType != nil })
        #expect(session.media[0].codecs.first?.stereo == false, "Chromium asks for stereo only when told to")
        #expect(!session.isRemoteLite)
        #expect(session.remoteCandidates.count == 4)
    }

    @Test func chromiumsAnswerToOurViewerIsRead() throws {
        let session = try NegotiatedSession(
            fromAnswer: Fixture.chromiumAnswersViewer.description(),
            toOffer: Fixture.tallyView.description()
        )
        #expect(session.media.map(\.accepted) == [true, true, true, false])
        #expect(session.media.map(\.direction) == [.recvonly, .recvonly, .recvonly, .inactive])
        #expect(session.media[0].remoteSSRCs.first?.rtxSSRC != nil)
        #expect(session.media[0].extensionID(HeaderExtensionURI.dependencyDescriptor) == 12)
    }

    @Test func answersThatDoNotFitTheOfferAreRefused() throws {
        let offer = try Fixture.tallyPublish.description()
        func code(_ change: (inout SessionDescription) -> Void) throws -> OfferError.Code? {
            var answer = try Fixture.chromiumAnswersPublisher.description()
            change(&answer)
            let changed = answer
            return offerError { _ = try NegotiatedSession(fromAnswer: changed, toOffer: offer) }?.code
        }
        #expect(try code { _ in } == nil)
        #expect(try code { $0.media.removeLast() } == .malformed)
        #expect(try code { $0.media.swapAt(0, 1) } == .malformed)
        #expect(
            try code { answer in for index in answer.media.indices { answer.media[index].port = 0 } }
                == .noMedia
        )
        #expect(try code { $0.media[1].formats = ["100"] } == .noUsableCodec)
        #expect(
            try code { answer in
                for index in answer.media.indices {
                    answer.media[index].attributes.removeAll { $0.name == "fingerprint" }
                }
            } == .noFingerprint
        )
    }
}
