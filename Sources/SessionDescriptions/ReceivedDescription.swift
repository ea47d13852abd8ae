/// A received offer or answer with its sections sorted and its bundle checked.
struct ReceivedDescription {
    let description: SessionDescription
    let sections: [MediaSection]
    /// The mids of the BUNDLE group that the first section in use belongs to; empty without one.
    let bundledMids: [String]

    init(_ description: SessionDescription) throws(OfferError) {
        self.description = description
        var sections: [MediaSection] = []
        var mids: Set<String> = []
        for (index, media) in description.media.enumerated() {
            let section = try MediaSection(media, index: index, session: description)
            guard section.mid.isEmpty || mids.insert(section.mid).inserted else {
                throw OfferError(
                    .malformed,
                    "a=mid names one section each, got \(SDPError.quoted(section.mid)) twice"
                )
            }
            sections.append(section)
        }
        self.sections = sections
        let first = sections.first { !$0.isDisabled }?.mid ?? ""
        // RFC 9143 section 7.1: ffmpeg's group names a second mid even when there is one section only.
        bundledMids =
            description.attributes.lazy.filter { $0.name == "group" }
            .map { ($0.value ?? "").fields(" ") }
            .first { $0.first == "BUNDLE" && $0.dropFirst().contains(Substring(first)) }?
            .dropFirst().map { String($0) }.filter { mids.remove($0) != nil } ?? []
    }

    /// The sections that ask for something.
    var active: [MediaSection] { sections.filter { !$0.isDisabled } }

    /// `use` in the order of the bundle, so that the first one's transport is everyone's.
    func inBundleOrder(_ use: [MediaSection]) -> [MediaSection] {
        guard !bundledMids.isEmpty else { return use }
        return bundledMids.compactMap { mid in use.first { $0.mid == mid } }
    }

    /// Everything in `sections` must share one transport, RTP and RTCP alike.
    func checkTransport(of sections: [MediaSection]) throws(OfferError) {
        for section in sections {
            guard Self.transports.contains(section.description.transport) else {
                throw OfferError(
                    .unsupportedTransport,
                    "\(section.place) must use UDP/TLS/RTP/SAVPF, got "
                        + SDPError.quoted(section.description.transport)
                )
            }
            guard section.description.has("rtcp-mux") || section.description.has("rtcp-mux-only") else {
                throw OfferError(.rtcpMuxRequired, "\(section.place) lacks a=rtcp-mux")
            }
            guard sections.count == 1 || bundledMids.contains(section.mid) else {
                throw OfferError(
                    .bundleRequired,
                    "\(section.place) must be in one a=group:BUNDLE with the other sections"
                )
            }
        }
    }

    /// RFC 8829 section 5.1.2: old names must be taken for DTLS too; a fingerprint is demanded of all.
    static let transports: Set<String> = [
        "UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "RTP/SAVPF",
        "RTP/SAVP",
    ]

    /// Whether any line of the description names the extension, usable or not.
    private var announcesConsentState: Bool {
        (description.attributes + sections.flatMap(\.description.attributes)).contains { attribute in
            attribute.name == "extmap"
                && attribute.value?.fields(" ").dropFirst().first.map(String.init)
                    == HeaderExtensionURI.consentState
        }
    }

    /// The session's part of the result.
    func session(
        media: [NegotiatedMedia],
        using sections: [MediaSection],
        role: (RemoteTransport) throws(OfferError) -> DTLSRole
    ) throws(OfferError) -> NegotiatedSession {
        let transport = try RemoteTransport(description, sections: inBundleOrder(sections))
        let used = Set(sections.map(\.mid))
        let sessionPreference = MediaSection.recordPreference(description.attributes)
        return NegotiatedSession(
            remoteUfrag: transport.ufrag,
            remotePassword: transport.password,
            remoteFingerprints: transport.fingerprints,
            localRole: try role(transport),
            remoteCandidates: transport.candidates,
            isRemoteLite: description.has("ice-lite"),
            media: media,
            recordPreference: self.sections.map(\.recordPreference).reduce(sessionPreference, max),
            announcesConsentState: announcesConsentState,
            bundledMids: bundledMids.filter { used.contains($0) }
        )
    }
}

extension MediaSection {
    /// What this side and `section` have in common; codecs may come out empty.
    func negotiated(
        _ capabilities: MediaCapabilities,
        session: SessionDescription,
        weSend: Bool,
        claimed: inout [UInt8: String]
    ) -> NegotiatedMedia {
        var media = NegotiatedMedia(mid: mid, index: index, kind: kind)
        media.recordPreference = recordPreference
        media.codecs = codecs(capabilities)
        media.extensions = extensions(
            allowed: capabilities.extensions,
            weSend: weSend,
            claimed: &claimed
        )
        if media.extensionID(HeaderExtensionURI.transportWideCC) == nil {
            // Without the packet numbers there is nothing to report.
            for place in media.codecs.indices { media.codecs[place].feedback.remove(.transportCC) }
        }
        media.allowsMixedExtensions =
            session.has("extmap-allow-mixed") || description.has("extmap-allow-mixed")
        media.allowsReducedSizeRTCP = description.has("rtcp-rsize")
        media.remoteSSRCs = remoteSSRCs
        media.remoteStreamID = streamID
        return media
    }
}
