import Primitives
import SessionDescriptions
import Testing

/// Nothing that comes over HTTP may stop the relay: every outcome is an answer or an error.
@Suite struct HostileInputTests {
    /// Puts `bytes` through every door; answers must be readable again.
    private func exercise(_ bytes: [UInt8], _ local: LocalTransport, _ ours: SessionDescription) throws {
        _ = try? TrickleFragment.parse(bytes)
        guard let description = try? SessionDescription(parsing: bytes) else { return }
        #expect(try SessionDescription(parsing: description.text).media.count == description.media.count)
        if let outcome = try? OfferAnswer.answerPublisher(description, local: local) {
            try check(outcome, description)
        }
        if let outcome = try? OfferAnswer.answerViewer(description, local: local, stream: testStream) {
            try check(outcome, description)
            _ = TrickleFragment.restartAnswer(local, session: outcome.session)
        }
        _ = try? NegotiatedSession(fromAnswer: description, toOffer: ours)
    }

    private func check(_ outcome: OfferAnswer.Outcome, _ offer: SessionDescription) throws {
        #expect(outcome.answer.media.count == offer.media.count)
        #expect(try SessionDescription(parsing: outcome.answer.text) == outcome.answer)
        #expect(!outcome.session.remoteFingerprints.isEmpty)
        #expect(!outcome.session.acceptedMedia.isEmpty)
        for media in outcome.session.acceptedMedia {
            #expect(!media.codecs.isEmpty)
            #expect(media.extensions.allSatisfy { NegotiatedExtension.usableIDs.contains($0.id) })
        }
    }

    @Test(arguments: Fixture.allCases)
    func truncationAtEveryLineIsAnAnswerOrAnError(_ fixture: Fixture) throws {
        let local = try relayTransport()
        let ours = try Fixture.tallyPublish.description()
        let lines = try fixture.text().utf8.split(separator: 10, omittingEmptySubsequences: false)
        // The long grids repeat themselves: past the first sections a stride that is prime still cuts between all kinds of lines.
        for count in stride(from: 0, to: lines.count, by: lines.count > 200 ? 13 : 1) {
            try exercise(Array(lines[..<count].joined(separator: [10])), local, ours)
        }
    }

    @Test(arguments: Fixture.allCases)
    func mutationsAreAnAnswerOrAnError(_ fixture: Fixture) throws {
        let local = try relayTransport()
        let ours = try Fixture.tallyView.description()
        let original = Array(try fixture.text().utf8)
        let lines = original.split(separator: 10).map { Array($0) }
        let spice: [[UInt8]] = [
            "999999999999999999999", "-1", "0", "*", ";", ":", "=", "/", " ", "\r", "\0", "\u{0301}",
            "\u{1F980}", "a=", "m=",
        ].map { Array($0.utf8) }
        for seed in 0..<45 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var bytes = original
            switch seed % 3 {
            case 0:
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(
                        in: 0...255,
                        using: &random
                    )
                }
            case 1:
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let place = Int.random(in: bytes.indices, using: &random)
                    let end = min(bytes.count, place + Int.random(in: 0...6, using: &random))
                    bytes.replaceSubrange(
                        place..<end,
                        with: spice[Int.random(in: spice.indices, using: &random)]
                    )
                }
            default:
                var shuffled = lines
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let from = Int.random(in: shuffled.indices, using: &random)
                    let to = Int.random(in: shuffled.indices, using: &random)
                    if Bool.random(using: &random) {
                        shuffled.swapAt(from, to)
                    } else {
                        shuffled[to] = shuffled[from]
                    }
                }
                bytes = Array(shuffled.joined(separator: [10]))
            }
            try exercise(bytes, local, ours)
        }
    }

    @Test func aBundleThatRepeatsItselfIsNotRepeated() throws {
        let offer = try Fixture.obsPublish.description(
            replacing: ("BUNDLE 0 1", "BUNDLE" + String(repeating: " 0 1", count: 20_000))
        )
        let outcome = try OfferAnswer.answerPublisher(offer, local: relayTransport())
        #expect(outcome.answer.value("group") == "BUNDLE 0 1")
    }

    @Test func aSectionOfThousandsOfAttributesIsReadInLinearTime() throws {
        var text = try Fixture.obsPublish.text()
        for kind in [
            "ssrc:%d cname:x", "ssrc-group:FID %d 7", "extmap:%d urn:x", "rtcp-fb:96 nack", "candidate:%d",
        ] {
            for number in 0..<1600 { text += "a=" + kind.replacing("%d", with: "\(number)") + "\r\n" }
        }
        let outcome = try OfferAnswer.answerPublisher(
            SessionDescription(parsing: text),
            local: relayTransport()
        )
        #expect(outcome.session.media.last?.remoteSSRCs.count ?? 0 <= 16)
    }
}
