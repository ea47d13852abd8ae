import Disclosures
import Partners
import Primitives
import Testing

@testable import RoomControl

/// What is pushed follows the consents that stand, over the real authority and the real ledger.
@Suite struct PushTests {
    @Test func aPushWaitsForConsentAndEndsWithIt() async throws {
        try await PushFixture.run { fixture in
            let started = try await fixture.start()
            #expect(started.state == .waitingForConsent && started.reason == "room-not-live")
            #expect(started.partner == "site")
            try await fixture.publish()
            try await fixture.until { await fixture.status()?.streams.first?.reason == "no-record" }
            #expect(fixture.server.offers.isEmpty)

            try await fixture.choose(.grant, .rebroadcast)
            try await fixture.connect()
            #expect(fixture.server.offers.count == 1)
            let live = try #require(await fixture.status()?.streams.first)
            #expect(live.carried == ["audio": ["live"], "video": ["live"]])
            #expect(live.participant == fixture.ada.text)
            let line = await fixture.control.tally(of: fixture.room).first { $0.recipient == "site" }
            #expect(line?.state == "open" && line?.viewers == 1)

            try await fixture.choose(.withdraw, .rebroadcast)
            // What stands around it has ended when the withdrawal is acknowledged; only the server is told later.
            #expect(await fixture.state() == .waitingForConsent)
            #expect(await fixture.status()?.streams.first?.carried == nil)
            try await fixture.until { fixture.server.deletions.count == 1 }
            try await fixture.until { await fixture.status()?.streams.first?.reason == "withdrawn" }

            try await fixture.choose(.grant, .rebroadcast)
            try await fixture.connect()
            #expect(fixture.server.offers.count == 2)
        }
    }

    @Test func theOfferIsOfThePublishersCodecAndSaysWhatMayBeRecorded() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.connect()
            let offer = try #require(fixture.server.offers.first)
            #expect(offer.contains("a=rtpmap:98 VP9/90000") && offer.contains("a=rtpmap:99 rtx/90000"))
            #expect(!offer.contains("VP8") && !offer.contains("H264") && !offer.contains("ice-lite"))
            #expect(offer.contains("a=rtpmap:111 opus/48000/2"))
            #expect(offer.contains("a=recordpref:off\r\n"))
            #expect(offer.contains("a=sendonly") && offer.contains("a=setup:actpass"))
            #expect(offer.contains("a=candidate:") && offer.contains("urn:uuid:5d2f3c9a"))
            try await fixture.choose(.withdraw, .rebroadcast)
            try await fixture.choose(.grant, .rebroadcast, .recording)
            try await fixture.until { fixture.server.offers.count == 2 }
            #expect(fixture.server.offers.last?.contains("recordpref") == false)
        }
    }

    @Test func whatIsCarriedFollowsEveryGrantThatNamesThePartner() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast, .transcription)
            _ = try await fixture.start()
            try await fixture.connect()
            func carried() async -> [String: [String]]? { await fixture.status()?.streams.first?.carried }
            #expect(await carried()?["video"] == ["live", "transcription"])
            try await fixture.choose(.grant, .recording, .liveEmbed, .analysis)
            #expect(
                await carried()?["video"] == ["live", "recording", "live_embed", "transcription", "analysis"]
            )
            // Narrowed when it is acknowledged, and without a new session.
            try await fixture.choose(.withdraw, .recording)
            #expect(await carried()?["audio"] == ["live", "live_embed", "transcription", "analysis"])
            #expect(fixture.server.offers.count == 1)
            try await fixture.until { fixture.server.words.last?["sequence"] as? Int == 3 }
            let last = try #require(fixture.server.words.last)
            #expect(last["active"] as? Bool == true && last["recipient"] as? String == "site")
            let told = last["carried"] as? [String: [String]]
            #expect(told?["video"] == ["live", "live_embed", "transcription", "analysis"])
            #expect(!fixture.server.received.contains { $0.body.contains(fixture.ada.text) })
        }
    }

    @Test func consentForSoundAlonePushesSoundAlone() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast, media: [.audio])
            _ = try await fixture.start()
            try await fixture.connect()
            #expect(fixture.server.offers.first?.contains("m=video") == false)
            // A session takes no more media than it was made for: there is another one.
            try await fixture.choose(.grant, .rebroadcast)
            try await fixture.until { fixture.server.offers.count == 2 }
            #expect(fixture.server.offers.last?.contains("m=video") == true)
            try await fixture.until { fixture.server.deletions.count == 1 }
        }
    }

    @Test func aServerThatDeclinesVideoGetsTheSoundAndIsLeftInPeace() async throws {
        try await PushFixture.run { fixture in
            fixture.server.behave(.declineVideo)
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.connect()
            let live = try #require(await fixture.control.rooms[fixture.room])
            for _ in 0..<20 { await live.tendPushes() }
            #expect(await fixture.state() == .live)
            #expect(await fixture.status()?.streams.first?.carried == ["audio": ["live"]])
            #expect(fixture.server.offers.count == 1)
            #expect(fixture.server.deletions.isEmpty)
        }
    }

    @Test func whatIsTakenFromThePartnerIsTakenFromItsPushes() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.connect()
            var terms = try #require(fixture.partners.partner("site")).terms
            terms.media = [.audio]
            _ = try await fixture.partners.update("site", terms: terms, state: .active)
            let live = try #require(await fixture.control.rooms[fixture.room])
            await live.tendPushes()
            #expect(await fixture.status()?.streams.first?.carried == nil, "the session with video has ended")
            try await fixture.connect()
            #expect(fixture.server.offers.last?.contains("m=video") == false)

            var destination = try #require(fixture.partners.destinations.destination("b")).terms
            destination.region = Region("DE")
            terms.regions = try [#require(Region("DE"))]
            _ = try await fixture.partners.update("site", terms: terms, state: .active)
            _ = try await fixture.partners.destinations.update("b", terms: destination, state: .active)
            try await fixture.connect()
            terms.regions = try [#require(Region("US"))]
            _ = try await fixture.partners.update("site", terms: terms, state: .active)
            await live.tendPushes()
            #expect(await fixture.status()?.reason == "foreign-region")
            #expect(await fixture.status()?.streams.isEmpty == true)
        }
    }

    @Test func everybodyOnAirIsPushedByTheirOwnConsent() async throws {
        try await PushFixture.run { fixture in
            let bob = try #require(ParticipantID("bob"))
            _ = try await fixture.start()
            try await fixture.publish()
            try await fixture.publish(bob)
            try await fixture.choose(.grant, .rebroadcast)
            try await fixture.connect()
            #expect(await fixture.status()?.streams.count == 2)
            #expect(fixture.server.offers.count == 1)
            try await fixture.choose(.grant, .rebroadcast, by: bob)
            try await fixture.until { fixture.server.offers.count == 2 }
            try await fixture.choose(.withdraw, .rebroadcast)
            try await fixture.until { fixture.server.deletions.count == 1 }
            #expect(await fixture.status()?.streams.count { $0.state == .waitingForConsent } == 1)
        }
    }

    @Test func inAnAllPartyRoomNobodyIsPushedBeforeEverybodyAgrees() async throws {
        try await PushFixture.run { fixture in
            var rules = RoomRules.initial
            rules.consentRule = .allParty
            _ = try await fixture.control.govern(fixture.room, by: .rules(rules), ifEpoch: nil)
            let bob = try #require(ParticipantID("bob"))
            _ = try await fixture.start()
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            try await fixture.connect()
            try await fixture.publish(bob)
            try await fixture.until { fixture.server.deletions.count == 1 }
            #expect(await fixture.state() == .waitingForConsent)
            try await fixture.choose(.grant, .rebroadcast, by: bob)
            try await fixture.until { fixture.server.offers.count == 3 }
        }
    }

    @Test func aServerThatRefusesIsTriedAgainAndSaidToBe() async throws {
        try await PushFixture.run { fixture in
            fixture.server.behave(.status(503))
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.until { await fixture.state() == .backingOff }
            #expect(await fixture.status()?.reason == "http-503")
            fixture.server.behave(.accept())
            try await fixture.connect()
        }
    }

    @Test func aSessionThatIsLostIsMadeAgain() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.connect()
            let room = try #require(await fixture.control.rooms[fixture.room])
            await room.pretendLost()
            #expect(await fixture.status()?.streams.first?.reason == "path-lost")
            #expect(await fixture.state() == .backingOff)
            try await fixture.connect()
            #expect(fixture.server.offers.count == 2)
            // A withdrawal ends the wait too.
            await room.pretendLost()
            try await fixture.choose(.withdraw, .rebroadcast)
            try await fixture.until { await fixture.state() == .waitingForConsent }
        }
    }

    @Test func aServerThatNeverAnswersIsLeftWhenConsentGoes() async throws {
        try await PushFixture.run { fixture in
            fixture.server.behave(.hang)
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.until { fixture.server.offers.count == 1 }
            #expect(await fixture.state() == .connecting)
            let clock = ContinuousClock()
            let took = try await clock.measure { try await fixture.choose(.withdraw, .rebroadcast) }
            #expect(took < .seconds(2))
            try await fixture.until { await fixture.state() == .waitingForConsent }
        }
    }

    @Test func aPushEndsWithItsOrderItsDestinationAndItsPartner() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            let push = try await fixture.start()
            await #expect { _ = try await fixture.start() } throws: { error in
                (error as? RelayProblem)?.code == "push-exists"
            }
            try await fixture.connect()
            let partner = try #require(fixture.partners.partner("site"))
            _ = try await fixture.partners.update("site", terms: partner.terms, state: .suspended)
            _ = await fixture.control.endSessions(after: .suspended("site"))
            #expect(await fixture.status()?.reason == "partner-suspended")
            #expect(await fixture.state() == .suspended)
            _ = try await fixture.partners.update("site", terms: partner.terms, state: .active)
            try await fixture.connect()
            let destinations = fixture.partners.destinations
            let terms = try #require(destinations.destination("b")).terms
            _ = try await destinations.update("b", terms: terms, state: .suspended)
            #expect(await fixture.status()?.reason == "destination-suspended")
            _ = try await destinations.update("b", terms: terms, state: .active)
            try await fixture.connect()
            try await fixture.control.endPush(push.id, of: fixture.room)
            #expect(await fixture.status() == nil)
            let room = try #require(await fixture.control.rooms[fixture.room])
            #expect(await room.viewings.isEmpty)
            #expect(await room.pushes.isEmpty)
            try await fixture.until { fixture.server.deletions.count == 3 }
            await #expect { try await fixture.control.endPush(push.id, of: fixture.room) } throws: { error in
                (error as? RelayProblem)?.code == "unknown-push"
            }
        }
    }

    @Test func whoDoesNotAcknowledgeIsCutOffUntilAnOperatorSaysOtherwise() async throws {
        try await PushFixture.run(acknowledgementSeconds: 1) { fixture in
            fixture.server.acknowledge(false)
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.until { await fixture.state() == .cutOff }
            #expect(await fixture.status()?.reason == "unacknowledged")
            #expect(fixture.partners.destinations.destination("b")?.state == .cutOff)
            try await fixture.until { fixture.server.deletions.count == 1 }
            let again = try PartnerRegistry(directory: fixture.relay.directory)
            #expect(again.destinations.destination("b")?.state == .cutOff)
            fixture.server.acknowledge(true)
            let destinations = fixture.partners.destinations
            let terms = try #require(destinations.destination("b")).terms
            _ = try await destinations.update("b", terms: terms, state: .active)
            try await fixture.connect()
            let offers = fixture.server.offers.count
            try await fixture.choose(.grant, .recording)
            try await fixture.until { fixture.server.words.last?["sequence"] as? Int == 2 }
            #expect(await fixture.state() == .live && fixture.server.offers.count == offers)
        }
    }

    @Test func nothingIsPushedToWhomTheStateOfConsentsCannotReach() async throws {
        try await PushFixture.run(hasWebhook: false) { fixture in
            fixture.server.behave(.accept(carriesConsent: false))
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.until { await fixture.status()?.reason == "consent-not-carried" }
            try await fixture.until { fixture.server.deletions.count == 1 }
            fixture.server.behave(.accept())
            try await fixture.connect()
        }
    }

    @Test func aPushOfOneStreamLeavesTheOthersOut() async throws {
        try await PushFixture.run { fixture in
            let bob = try #require(ParticipantID("bob"))
            try await fixture.publish()
            try await fixture.publish(bob)
            try await fixture.choose(.grant, .rebroadcast)
            try await fixture.choose(.grant, .rebroadcast, by: bob)
            let stream = try await fixture.control.consents(fixture.room, bob).stream
            _ = try await fixture.control.startPush(
                fixture.room,
                to: "b",
                stream: StreamID(try #require(stream))
            )
            try await fixture.connect()
            #expect(await fixture.status()?.streams.map(\.participant) == ["bob"])
            #expect(fixture.server.offers.count == 1)
        }
    }

    @Test func serversAreToldWhenTheRelayStops() async throws {
        try await PushFixture.run { fixture in
            try await fixture.publish()
            try await fixture.choose(.grant, .rebroadcast)
            _ = try await fixture.start()
            try await fixture.connect()
            await fixture.control.drain()
            #expect(fixture.server.deletions.count == 1)
            let last = try #require(fixture.server.words.last)
            #expect(last["active"] as? Bool == false && last["reason"] as? String == "relay-stopping")
            #expect(fixture.partners.destinations.destination("b")?.state == .active)
        }
    }
}
