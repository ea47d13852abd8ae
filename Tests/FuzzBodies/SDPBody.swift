import Primitives
import SessionDescriptions

private let relay = LocalTransport(
    iceUfrag: "Ar3layUfr4g",
    icePassword: "relayPassword0123456789a",
    fingerprintSHA256: (0..<32).map { UInt8($0) },
    candidates: [ICECandidate(host: SocketAddress(ipv4: 0xCB00_7105, port: 7_000))],
    cname: "relay",
    originID: 7
)

/// What our own clients offer, for the answers that come back.
private let ourOffer = OfferBuilder.publisherOffer(
    local: relay,
    audio: OutgoingStream(ssrc: 11, streamID: "room", trackID: "audio"),
    video: OutgoingStream(ssrc: 12, rtxSSRC: 13, streamID: "room", trackID: "video")
)

/// A session description in every role: a publisher's offer, a viewer's offer, an answer to our offer.
@discardableResult
package func fuzzSDP(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    guard let description = try? SessionDescription(parsing: bytes) else { return false }
    try checkText(description)
    if let outcome = try? OfferAnswer.answerPublisher(description, local: relay) {
        try check(outcome, description)
    }
    let stream = { (slot: OfferAnswer.ViewerSlot) in
        OutgoingStream(
            ssrc: 1000 + UInt32(slot.index),
            rtxSSRC: 2000 + UInt32(slot.index),
            streamID: "room",
            trackID: "t\(slot.index)"
        )
    }
    if let outcome = try? OfferAnswer.answerViewer(description, local: relay, stream: stream) {
        try check(outcome, description)
        let fragment = TrickleFragment.restartAnswer(relay, session: outcome.session)
        guard let restart = try? TrickleFragment.parse(fragment) else {
            throw BrokenInvariant("the answer to a restart can be read")
        }
        try demand(restart.iceUfrag == relay.iceUfrag, "the answer to a restart carries our credentials")
    }
    if let session = try? NegotiatedSession(fromAnswer: description, toOffer: ourOffer) {
        try demand(session.media.count == ourOffer.media.count, "an answer speaks of every section")
    }
    return true
}

/// A description that was read reads back from its own text as it was.
private func checkText(_ description: SessionDescription) throws(BrokenInvariant) {
    let again: SessionDescription
    do {
        again = try SessionDescription(parsing: description.text)
    } catch {
        // CR LF where LF stood makes the text longer.
        try demand(error.reason == .tooLarge, "a description that was written can be read: \(error)")
        return
    }
    try demand(again == description, "a description reads back as it was written")
}

private func check(
    _ outcome: OfferAnswer.Outcome,
    _ offer: SessionDescription
) throws(BrokenInvariant) {
    try demand(
        outcome.answer.media.count == offer.media.count,
        "an answer has a section for each of the offer"
    )
    guard let again = try? SessionDescription(parsing: outcome.answer.text) else {
        throw BrokenInvariant("an answer can be read")
    }
    try demand(again == outcome.answer, "an answer reads back as it was written")
    try demand(!outcome.session.remoteFingerprints.isEmpty, "no session without a fingerprint")
    try demand(!outcome.session.acceptedMedia.isEmpty, "no session without media")
    for media in outcome.session.acceptedMedia {
        try demand(!media.codecs.isEmpty, "no accepted section without a codec")
        for used in media.extensions {
            try demand(NegotiatedExtension.usableIDs.contains(used.id), "an extension has a usable number")
        }
    }
}

/// A trickle fragment: a client's candidates or its ICE restart.
@discardableResult
package func fuzzTrickleFragment(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    guard let fragment = try? TrickleFragment.parse(bytes) else { return false }
    guard let again = try? TrickleFragment.parse(fragment.text(kind: .audio)) else {
        throw BrokenInvariant("a fragment that was written can be read")
    }
    try demand(again == fragment, "a fragment reads back as it was written")
    return true
}

/// A numeric host, as a candidate or a configuration may name it.
@discardableResult
package func fuzzAddress(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let address = SocketAddress(host: text, port: 9) else { return false }
    try demand(text.utf8.count <= 45, "no numeric address is longer than 45 characters")
    try demand(
        SocketAddress(host: address.host, port: 9) == address,
        "an address reads back as it was written"
    )
    try demand(address.addressBytes.count == (address.isIPv6 ? 16 : 4), "an address has its family's length")
    return true
}
