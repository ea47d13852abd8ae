extension NegotiatedSession {
    /// What a server's `answer` settled for `offer`, which is ours; `streams` are what we send, by section.
    ///
    /// The answer's section list must be the offer's. Codecs are those the answer kept, under our payload types.
    package init(
        fromAnswer answer: SessionDescription,
        toOffer offer: SessionDescription,
        capabilities: MediaCapabilities = MediaCapabilities(),
        streams: [Int: OutgoingStream] = [:]
    ) throws(OfferError) {
        let ours = try ReceivedDescription(offer)
        let theirs = try ReceivedDescription(answer)
        guard theirs.sections.count == ours.sections.count else {
            throw OfferError(
                .malformed,
                "an answer has as many sections as the offer, \(ours.sections.count), got \(theirs.sections.count)"
            )
        }
        var media: [NegotiatedMedia] = []
        var used: [MediaSection] = []
        var claimed: [UInt8: String] = [:]
        for (mine, other) in zip(ours.sections, theirs.sections) {
            guard mine.kind == other.kind, other.mid.isEmpty || mine.mid == other.mid else {
                throw OfferError(.malformed, "\(other.place) answers a section of another kind or mid")
            }
            var common = NegotiatedMedia(mid: mine.mid, index: mine.index, kind: mine.kind)
            defer { media.append(common) }
            let direction = Self.direction(offered: mine.direction, answered: other.direction)
            guard !mine.isDisabled, !other.isDisabled, direction != .inactive else { continue }
            var full = other.negotiated(
                capabilities,
                session: answer,
                weSend: direction.sends,
                claimed: &claimed
            )
            let offered = mine.codecs(capabilities)
            full = NegotiatedMedia(full, mid: mine.mid)
            full.codecs = full.codecs.filter { codec in
                offered.contains { $0.payloadType == codec.payloadType && $0.name == codec.name }
            }
            guard !full.codecs.isEmpty else { throw OfferAnswer.noCodec(other, capabilities) }
            full.accepted = true
            full.direction = direction
            if direction.sends { full.outgoing = streams[mine.index] }
            common = full
            used.append(other)
        }
        guard !used.isEmpty else { throw OfferError(.noMedia, "the answer accepts no section") }
        self = try theirs.session(media: media, using: used) { transport throws(OfferError) in
            switch transport.setup {
            case "active": .server
            case "passive", "actpass": .client
            default:
                throw OfferError(
                    .unsupportedSetup,
                    "a=setup of an answer is active or passive, got \(SDPError.quoted(transport.setup))"
                )
            }
        }
    }

    private static func direction(offered: MediaDirection, answered: MediaDirection) -> MediaDirection {
        let sends = offered.sends && answered.receives
        let receives = offered.receives && answered.sends
        return sends ? (receives ? .sendrecv : .sendonly) : receives ? .recvonly : .inactive
    }
}

extension NegotiatedMedia {
    /// The same under our mid, which an answer may leave out.
    fileprivate init(_ other: NegotiatedMedia, mid: String) {
        self.init(mid: mid, index: other.index, kind: other.kind)
        codecs = other.codecs
        extensions = other.extensions
        allowsMixedExtensions = other.allowsMixedExtensions
        allowsReducedSizeRTCP = other.allowsReducedSizeRTCP
        remoteSSRCs = other.remoteSSRCs
        remoteStreamID = other.remoteStreamID
        recordPreference = other.recordPreference
    }
}
