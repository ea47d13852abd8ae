/// Writes our side of a session: answers to offers, and the parts that offers share with them.
struct DescriptionWriter {
    let local: LocalTransport
    /// `nil` in offers, which say nothing of it.
    let record: RecordIndications?

    func answer(to received: ReceivedDescription, _ session: NegotiatedSession) -> SessionDescription {
        var answer = head(bundledMids: session.bundledMids, record: record?.indication(of: session))
        // At the level where the offer says it (RFC 8285 section 6).
        if received.description.has("extmap-allow-mixed") {
            answer.attributes.append(SDPAttribute("extmap-allow-mixed"))
        }
        let tagged =
            session.bundledMids.first.flatMap { mid in session.media.first { $0.accepted && $0.mid == mid } }
            ?? session.media.first(where: \.accepted)
        for (section, media) in zip(received.sections, session.media) {
            answer.media.append(
                media.accepted
                    ? accepted(
                        section.description,
                        media,
                        session,
                        hasCandidates: media.index == tagged?.index
                    )
                    : declined(section.description, media)
            )
        }
        return answer
    }

    /// The session level of an answer or offer.
    func head(bundledMids: [String], record: RecordIndication? = nil) -> SessionDescription {
        var description = SessionDescription(origin: local.origin)
        if local.isLite { description.attributes.append(SDPAttribute("ice-lite")) }
        if !bundledMids.isEmpty {
            description.attributes.append(
                SDPAttribute("group", "BUNDLE " + bundledMids.joined(separator: " "))
            )
        }
        description.attributes.append(SDPAttribute("msid-semantic", " WMS *"))
        if let record { description.attributes.append(SDPAttribute("record", record.rawValue)) }
        return description
    }

    /// A section of port 0 (RFC 3264 section 6); one format must stand there, so the offered ones do.
    private func declined(_ offered: MediaDescription, _ media: NegotiatedMedia) -> MediaDescription {
        var section = MediaDescription(
            media: offered.media,
            port: 0,
            transport: offered.transport,
            formats: offered.formats
        )
        section.otherLines = ["c=IN IP4 0.0.0.0"]
        if !media.mid.isEmpty { section.attributes.append(SDPAttribute("mid", media.mid)) }
        section.attributes.append(SDPAttribute("inactive"))
        if let record = record?.indication(of: media) {
            section.attributes.append(SDPAttribute("record", record.rawValue))
        }
        return section
    }

    private func accepted(
        _ offered: MediaDescription,
        _ media: NegotiatedMedia,
        _ session: NegotiatedSession,
        hasCandidates: Bool
    ) -> MediaDescription {
        let kept = Set(media.codecs.flatMap { [$0.payloadType, $0.rtxPayloadType ?? $0.payloadType] })
        let types = offered.formats.compactMap { $0.decimal(UInt8.self) }.filter { kept.contains($0) }
        var section = MediaDescription(
            media: offered.media,
            port: 9,
            transport: offered.transport,
            formats: types.map { "\($0)" }
        )
        section.otherLines = ["c=IN IP4 0.0.0.0"]
        section.attributes = transport(
            mid: media.mid,
            setup: session.localRole == .server ? "passive" : "active",
            hasCandidates: hasCandidates
        )
        section.attributes.append(SDPAttribute(media.direction.rawValue))
        section.attributes.append(SDPAttribute("rtcp-mux"))
        if offered.has("rtcp-mux-only") { section.attributes.append(SDPAttribute("rtcp-mux-only")) }
        if media.allowsReducedSizeRTCP { section.attributes.append(SDPAttribute("rtcp-rsize")) }
        if offered.has("extmap-allow-mixed") { section.attributes.append(SDPAttribute("extmap-allow-mixed")) }
        section.attributes += media.extensions.map(\.attribute)
        for type in types { section.attributes += codecAttributes(type, media.codecs) }
        if let outgoing = media.outgoing {
            section.attributes += streamAttributes(
                outgoing,
                hasRetransmission: media.codecs.contains { $0.rtxPayloadType != nil }
            )
        }
        if let record = record?.indication(of: media) {
            section.attributes.append(SDPAttribute("record", record.rawValue))
        }
        return section
    }

    /// The section's name, ICE and DTLS: every section repeats the credentials, as browsers do themselves.
    func transport(mid: String, setup: String, hasCandidates: Bool) -> [SDPAttribute] {
        var attributes: [SDPAttribute] = []
        if !mid.isEmpty { attributes.append(SDPAttribute("mid", mid)) }
        attributes += [
            SDPAttribute("ice-ufrag", local.iceUfrag),
            SDPAttribute("ice-pwd", local.icePassword),
            SDPAttribute("fingerprint", local.fingerprint.text),
            SDPAttribute("setup", setup),
        ]
        if hasCandidates {
            attributes += local.orderedCandidates.map { SDPAttribute("candidate", $0.text) }
            attributes.append(SDPAttribute("end-of-candidates"))
        }
        return attributes
    }

    /// The lines of one payload type: a codec's own, or those of its retransmissions.
    func codecAttributes(_ type: UInt8, _ codecs: [NegotiatedCodec]) -> [SDPAttribute] {
        if let codec = codecs.first(where: { $0.payloadType == type }) {
            let channels = codec.name == .opus ? "/2" : ""
            var attributes = [
                SDPAttribute("rtpmap", "\(type) \(codec.name.rawValue)/\(codec.clockRate)\(channels)")
            ]
            for (mechanism, words) in FeedbackMechanisms.words where codec.feedback.contains(mechanism) {
                attributes.append(SDPAttribute("rtcp-fb", "\(type) \(words)"))
            }
            if let parameters = codec.answeredParameters {
                attributes.append(SDPAttribute("fmtp", "\(type) \(parameters)"))
            }
            return attributes
        }
        let originals = codecs.filter { $0.rtxPayloadType == type }
        guard let original = originals.first else { return [] }
        return [
            SDPAttribute("rtpmap", "\(type) rtx/\(original.clockRate)"),
            SDPAttribute("fmtp", "\(type) apt=\(original.payloadType)"),
        ]
    }

    /// `a=msid` for browsers, `a=ssrc` for stacks that tell streams apart by it (RFC 5576, RFC 8830).
    func streamAttributes(_ stream: OutgoingStream, hasRetransmission: Bool) -> [SDPAttribute] {
        precondition(stream.streamID.isToken && stream.trackID.isToken, "the parts of an msid are tokens")
        let msid = "\(stream.streamID) \(stream.trackID)"
        var attributes = [SDPAttribute("msid", msid)]
        var ssrcs = [stream.ssrc]
        if hasRetransmission, let rtxSSRC = stream.rtxSSRC {
            attributes.append(SDPAttribute("ssrc-group", "FID \(stream.ssrc) \(rtxSSRC)"))
            ssrcs.append(rtxSSRC)
        }
        for ssrc in ssrcs {
            attributes.append(SDPAttribute("ssrc", "\(ssrc) cname:\(local.cname)"))
            attributes.append(SDPAttribute("ssrc", "\(ssrc) msid:\(msid)"))
        }
        return attributes
    }
}
