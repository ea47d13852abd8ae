/// Answers to offers: what WHIP publishers (RFC 9725) and WHEP viewers are told.
package enum OfferAnswer {
    /// The most audio or video sections of a publisher: one each, as a participant has one camera and one
    /// microphone on air.
    package static let maximumPublisherSectionsPerKind = 1
    /// The most sections of a viewer: a grid of 16 participants with picture and sound.
    package static let maximumViewerSections = 32

    /// An answer and what it settled.
    package struct Outcome: Sendable {
        /// To be sent as `application/sdp`.
        package let answer: SessionDescription
        package let session: NegotiatedSession
    }

    /// Answers a publisher: everything it offers is accepted, or nothing (RFC 9725 section 4.2).
    ///
    /// The answer is recvonly and carries all of `local`'s candidates. `record` is the state of recording at
    /// this moment, of what this publisher sends.
    package static func answerPublisher(
        _ offer: SessionDescription,
        local: LocalTransport,
        capabilities: MediaCapabilities = MediaCapabilities(),
        record: RecordIndications = .off
    ) throws(OfferError) -> Outcome {
        let received = try ReceivedDescription(offer)
        let active = received.active
        guard !active.isEmpty else {
            throw OfferError(.noMedia, "the offer has no audio and no video section")
        }
        var counts: [MediaKind: Int] = [:]
        for section in active {
            guard section.kind != .application else {
                throw OfferError(.unsupportedMedia, "\(section.place) is neither audio nor video")
            }
            guard section.direction.sends else {
                throw OfferError(
                    .wrongDirection,
                    "\(section.place) must be sendonly, got \(section.direction.rawValue)"
                )
            }
            counts[section.kind, default: 0] += 1
            guard counts[section.kind, default: 0] <= maximumPublisherSectionsPerKind else {
                throw OfferError(
                    .tooManyMedia,
                    "\(section.place) is one too many: a publisher has at most one audio and one video section"
                )
            }
        }
        try received.checkTransport(of: active)
        var media: [NegotiatedMedia] = []
        var claimed: [UInt8: String] = [:]
        for section in received.sections {
            guard !section.isDisabled else {
                media.append(NegotiatedMedia(mid: section.mid, index: section.index, kind: section.kind))
                continue
            }
            var common = section.negotiated(capabilities, session: offer, weSend: false, claimed: &claimed)
            guard !common.codecs.isEmpty else { throw Self.noCodec(section, capabilities) }
            common.accepted = true
            common.direction = .recvonly
            media.append(common)
        }
        let session = try received.session(media: media, using: active) { transport throws(OfferError) in
            try transport.roleOfAnswerer()
        }
        return Outcome(
            answer: DescriptionWriter(local: local, record: record).answer(to: received, session),
            session: session
        )
    }

    static func noCodec(_ section: MediaSection, _ capabilities: MediaCapabilities) -> OfferError {
        let known = CodecName.allCases.filter { $0.kind == section.kind && capabilities.codecs.contains($0) }
            .map(\.rawValue).joined(separator: ", ")
        let terms =
            section.kind == .video ? " (VP9 and AV1 of profile 0, H264 with packetization-mode=1)" : ""
        return OfferError(
            .noUsableCodec,
            "\(section.place) needs one of \(known)\(terms), got \(section.offeredCodecs)"
        )
    }
}
