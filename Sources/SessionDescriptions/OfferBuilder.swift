/// Offers of our own clients: the synthetic publisher, the viewer, the push to another relay.
package enum OfferBuilder {
    /// The header extensions our clients offer, each under the same id in every section.
    static let extensionIDs: [(id: UInt8, uri: String, kinds: Set<MediaKind>)] = [
        (1, HeaderExtensionURI.audioLevel, [.audio]),
        (2, HeaderExtensionURI.absoluteSendTime, [.audio, .video]),
        (3, HeaderExtensionURI.transportWideCC, [.audio, .video]),
        (4, HeaderExtensionURI.mid, [.audio, .video]),
        (5, HeaderExtensionURI.playoutDelay, [.video]),
        (6, HeaderExtensionURI.consentState, [.audio, .video]),
        (12, HeaderExtensionURI.dependencyDescriptor, [.video]),
        (13, HeaderExtensionURI.videoOrientation, [.video]),
    ]

    /// A WHIP offer: one sendonly section for each stream given, audio first, preferred video codec first.
    package static func publisherOffer(
        local: LocalTransport,
        audio: OutgoingStream?,
        video: OutgoingStream?,
        videoCodecs: [CodecName] = [.vp8, .vp9, .h264, .av1],
        capabilities: MediaCapabilities = MediaCapabilities()
    ) -> SessionDescription {
        var sections: [Section] = []
        if let audio { sections.append(Section(kind: .audio, direction: .sendonly, stream: audio)) }
        if let video { sections.append(Section(kind: .video, direction: .sendonly, stream: video)) }
        return offer(local, sections, videoCodecs, capabilities)
    }

    /// A WHEP offer: `videoSlots` and then `audioSlots` recvonly sections.
    package static func viewerOffer(
        local: LocalTransport,
        videoSlots: Int,
        audioSlots: Int,
        videoCodecs: [CodecName] = [.vp8, .vp9, .h264, .av1],
        capabilities: MediaCapabilities = MediaCapabilities()
    ) -> SessionDescription {
        precondition(
            videoSlots >= 0 && audioSlots >= 0
                && videoSlots + audioSlots <= SessionDescription.maximumMediaLines,
            "an offer has at most \(SessionDescription.maximumMediaLines) sections"
        )
        let sections =
            (0..<videoSlots).map { _ in Section(kind: .video, direction: .recvonly) }
            + (0..<audioSlots).map { _ in Section(kind: .audio, direction: .recvonly) }
        return offer(local, sections, videoCodecs, capabilities)
    }

    /// A WHIP offer that passes on what a publisher sends: a sendonly section for each of its sections, of exactly
    /// the codec given, and the wish that nothing is recorded where `recordPreference` says so (RFC 7866 6.2).
    package static func relayOffer(
        local: LocalTransport,
        sections: [(codec: NegotiatedCodec, stream: OutgoingStream)],
        recordPreference: RecordPreference,
        capabilities: MediaCapabilities
    ) -> SessionDescription {
        var offer = offer(
            local,
            sections.map { section in
                Section(
                    kind: section.codec.name.kind,
                    direction: .sendonly,
                    stream: section.stream,
                    codecs: [relayed(section.codec, capabilities)]
                )
            },
            [],
            capabilities
        )
        if recordPreference > .none {
            offer.attributes.append(
                SDPAttribute("recordpref", recordPreference == .off ? "off" : "pause")
            )
        }
        return offer
    }

    /// What a publisher sends, under payload types of our own, with what can be repaired on our hop.
    private static func relayed(
        _ source: NegotiatedCodec,
        _ capabilities: MediaCapabilities
    ) -> NegotiatedCodec {
        let usual = codec(source.name, capabilities)
        return NegotiatedCodec(
            name: source.name,
            payloadType: usual.payloadType,
            clockRate: source.clockRate,
            channels: source.channels,
            parameters: source.parameters,
            rtxPayloadType: usual.rtxPayloadType,
            feedback: usual.feedback,
            profileLevelID: source.profileLevelID,
            packetizationMode: source.packetizationMode,
            allowsLevelAsymmetry: source.allowsLevelAsymmetry,
            stereo: source.stereo
        )
    }

    private struct Section {
        let kind: MediaKind
        let direction: MediaDirection
        var stream: OutgoingStream?
        /// What it is offered in, instead of everything that we can do.
        var codecs: [NegotiatedCodec]?
    }

    private static func offer(
        _ local: LocalTransport,
        _ sections: [Section],
        _ videoCodecs: [CodecName],
        _ capabilities: MediaCapabilities
    ) -> SessionDescription {
        let writer = DescriptionWriter(local: local, record: nil)
        var offer = writer.head(bundledMids: sections.indices.map { "\($0)" })
        offer.attributes.append(SDPAttribute("extmap-allow-mixed"))
        for (index, section) in sections.enumerated() {
            let codecs =
                section.codecs
                ?? (section.kind == .audio ? [.opus] : videoCodecs)
                .filter { capabilities.codecs.contains($0) }.map { codec($0, capabilities) }
            let types = codecs.flatMap { [$0.payloadType] + ($0.rtxPayloadType.map { [$0] } ?? []) }
            var media = MediaDescription(
                media: section.kind.rawValue,
                port: 9,
                transport: "UDP/TLS/RTP/SAVPF",
                formats: types.map { "\($0)" }
            )
            media.otherLines = ["c=IN IP4 0.0.0.0"]
            media.attributes = writer.transport(mid: "\(index)", setup: "actpass", hasCandidates: index == 0)
            media.attributes += ["rtcp-mux", "rtcp-mux-only", "rtcp-rsize"].map { SDPAttribute($0) }
            media.attributes.append(SDPAttribute(section.direction.rawValue))
            for (id, uri, kinds) in extensionIDs
            where kinds.contains(section.kind) && capabilities.extensions.contains(uri) {
                media.attributes.append(SDPAttribute("extmap", "\(id) \(uri)"))
            }
            for type in types { media.attributes += writer.codecAttributes(type, codecs) }
            if let stream = section.stream {
                media.attributes += writer.streamAttributes(
                    stream,
                    hasRetransmission: codecs.contains { $0.rtxPayloadType != nil }
                )
            }
            offer.media.append(media)
        }
        return offer
    }

    private static func codec(_ name: CodecName, _ capabilities: MediaCapabilities) -> NegotiatedCodec {
        let (type, retransmission): (UInt8, UInt8?) =
            switch name {
            case .opus: (111, nil)
            case .vp8: (96, 97)
            case .vp9: (98, 99)
            case .h264: (102, 103)
            case .av1: (45, 46)
            }
        let feedback: FeedbackMechanisms = name == .opus ? [.nack, .transportCC] : .all
        return NegotiatedCodec(
            name: name,
            payloadType: type,
            clockRate: name.clockRate,
            channels: name == .opus ? 2 : 1,
            parameters: name == .vp9 ? "profile-id=0" : name == .av1 ? "level-idx=5;profile=0;tier=0" : "",
            rtxPayloadType: retransmission,
            feedback: feedback.intersection(capabilities.feedback),
            profileLevelID: name == .h264 ? H264ProfileLevelID(rawValue: 0x42_E01F) : nil,
            packetizationMode: name == .h264 ? 1 : 0,
            allowsLevelAsymmetry: name == .h264,
            stereo: name == .opus
        )
    }
}
