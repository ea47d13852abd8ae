import Foundation
import Primitives
import SessionDescriptions
import Testing

/// A session description of a real client, from `Fixtures`.
enum Fixture: String, CaseIterable, CustomTestStringConvertible {
    case aiortcPublish = "aiortc-publish"
    case aiortcView = "aiortc-view"
    case chromiumAnswersPublisher = "chromium-answers-publisher"
    case chromiumAnswersViewer = "chromium-answers-viewer"
    case chromiumPublish = "chromium-publish"
    case chromiumSimulcastData = "chromium-simulcast-data"
    case chromiumView8 = "chromium-view-8"
    case ffmpegAudioPublish = "ffmpeg-8-audio-publish"
    case ffmpegPublish = "ffmpeg-8-publish"
    case firefoxPublish = "firefox-publish"
    case firefoxView4 = "firefox-view-4"
    case gstreamerPublish = "gstreamer-publish"
    case obsPublish = "obs-publish"
    case obsPublishWithCandidates = "obs-30.1-publish"
    case safariPublish = "safari-publish"
    case tallyPublish = "tally-publish"
    case tallyView = "tally-view"

    static let publishers: [Fixture] = [
        .aiortcPublish, .chromiumPublish, .ffmpegAudioPublish, .ffmpegPublish, .firefoxPublish,
        .gstreamerPublish,
        .obsPublish, .obsPublishWithCandidates, .safariPublish, .tallyPublish,
    ]
    static let viewers: [Fixture] = [.aiortcView, .chromiumView8, .firefoxView4, .tallyView]

    var testDescription: String { rawValue }

    func text() throws -> String {
        let url = try #require(
            Bundle.module.url(forResource: rawValue, withExtension: "sdp", subdirectory: "Fixtures")
        )
        return try String(contentsOf: url, encoding: .utf8)
    }

    func description() throws -> SessionDescription { try SessionDescription(parsing: text()) }

    /// The text with each of `changes` made, which must hit.
    func description(replacing changes: (String, String)...) throws -> SessionDescription {
        var text = try text()
        for (old, new) in changes {
            let changed = text.replacingOccurrences(of: old, with: new)
            try #require(changed != text, "'\(old)' is not in \(rawValue)")
            text = changed
        }
        return try SessionDescription(parsing: text)
    }
}

/// The relay's own side in these tests: IPv6 first, to see that IPv4 comes first on the wire.
func relayTransport() throws -> LocalTransport {
    let ipv6 = try #require(SocketAddress(host: "2001:db8::1", port: 7000))
    let ipv4 = try #require(SocketAddress(host: "203.0.113.5", port: 7000))
    return LocalTransport(
        iceUfrag: "r3layUfr4g",
        icePassword: "relayPassword0123456789a",
        fingerprintSHA256: (0..<32).map { UInt8($0) },
        candidates: [ICECandidate(host: ipv6), ICECandidate(host: ipv4)],
        cname: "relay",
        originID: .max
    )
}

/// One outgoing stream a slot, its numbers told by the slot's index.
func testStream(_ slot: OfferAnswer.ViewerSlot) -> OutgoingStream {
    OutgoingStream(
        ssrc: 1000 + UInt32(slot.index),
        rtxSSRC: 2000 + UInt32(slot.index),
        streamID: "room",
        trackID: "t\(slot.index)"
    )
}

/// The code of the error that `body` throws, if it throws one of offers.
func offerError(_ body: () throws -> Void) -> OfferError? {
    do {
        try body()
        return nil
    } catch {
        return error as? OfferError
    }
}
