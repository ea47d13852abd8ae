extension OfferAnswer {
    /// A viewer's section that can be filled, as the caller is asked about it.
    package struct ViewerSlot: Sendable {
        /// The section's place in the offer, from 0.
        package let index: Int
        package let mid: String
        package let kind: MediaKind
        package let codecs: [NegotiatedCodec]

        /// Whether a retransmission stream can be announced.
        package var acceptsRetransmission: Bool { codecs.contains { $0.rtxPayloadType != nil } }
    }

    /// Answers a viewer: sections that ask for audio or video are filled, others declined.
    ///
    /// `stream` gives what is sent in each slot, in order; `nil` declines the slot. `record` is the room's state: whose
    /// stream is not recorded would tell who refused. Fails if nothing is left, with what stood against the first
    /// section.
    package static func answerViewer(
        _ offer: SessionDescription,
        local: LocalTransport,
        capabilities: MediaCapabilities = MediaCapabilities(),
        record: RecordIndications = .off,
        stream: (ViewerSlot) -> OutgoingStream?
    ) throws(OfferError) -> Outcome {
        let received = try ReceivedDescription(offer)
        let wanted = received.active.filter { $0.kind != .application }.count
        guard wanted <= maximumViewerSections else {
            throw OfferError(
                .tooManyMedia,
                "a viewer has at most \(maximumViewerSections) sections, got \(wanted)"
            )
        }
        var media: [NegotiatedMedia] = []
        var used: [MediaSection] = []
        var claimed: [UInt8: String] = [:]
        var firstRefusal: OfferError?
        for section in received.sections {
            var common = NegotiatedMedia(mid: section.mid, index: section.index, kind: section.kind)
            defer { media.append(common) }
            guard !section.isDisabled else { continue }
            if let refusal = Self.refusal(of: section, capabilities) {
                firstRefusal = firstRefusal ?? refusal
                continue
            }
            var claims = claimed
            var full = section.negotiated(capabilities, session: offer, weSend: true, claimed: &claims)
            let slot = ViewerSlot(
                index: section.index,
                mid: section.mid,
                kind: section.kind,
                codecs: full.codecs
            )
            guard let outgoing = stream(slot) else {
                firstRefusal = firstRefusal ?? OfferError(.noMedia, "\(section.place) has nothing to show")
                continue
            }
            claimed = claims
            full.accepted = true
            full.direction = .sendonly
            full.outgoing = outgoing
            common = full
            used.append(section)
        }
        guard !used.isEmpty else {
            throw firstRefusal ?? OfferError(.noMedia, "the offer has no audio and no video section")
        }
        try received.checkTransport(of: used)
        let session = try received.session(media: media, using: used) { transport throws(OfferError) in
            try transport.roleOfAnswerer()
        }
        return Outcome(
            answer: DescriptionWriter(local: local, record: record).answer(to: received, session),
            session: session
        )
    }

    private static func refusal(of section: MediaSection, _ capabilities: MediaCapabilities) -> OfferError? {
        guard section.kind != .application else {
            return OfferError(.unsupportedMedia, "\(section.place) is neither audio nor video")
        }
        guard section.direction.receives else {
            return OfferError(
                .wrongDirection,
                "\(section.place) must be recvonly, got \(section.direction.rawValue)"
            )
        }
        return section.codecs(capabilities).isEmpty ? noCodec(section, capabilities) : nil
    }
}
