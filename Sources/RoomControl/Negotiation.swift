import MediaRings
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import SessionDescriptions

/// From what an answer settled to what an engine works with.
enum Negotiation {
    static func codec(_ name: CodecName) -> MediaCodec {
        switch name {
        case .vp8: .vp8
        case .vp9: .vp9
        case .h264: .h264
        case .av1: .av1
        case .opus: .opus
        }
    }

    /// The ingest of a publisher's sections; `rings` by section index.
    static func publisher(
        _ session: NegotiatedSession,
        rings: [Int: MediaRing],
        maximumBitsPerSecond: Int64
    ) -> PublisherParameters {
        let accepted = session.acceptedMedia
        func id(_ uri: String) -> UInt8 { accepted.lazy.compactMap { $0.extensionID(uri) }.first ?? 0 }
        let feedback = accepted.reduce(into: FeedbackMechanisms()) { $0.formUnion($1.rtcpFeedback) }
        return PublisherParameters(
            tracks: accepted.compactMap { media in rings[media.index].map { track(media, ring: $0) } },
            midExtension: id(HeaderExtensionURI.mid),
            audioLevelExtension: id(HeaderExtensionURI.audioLevel),
            orientationExtension: id(HeaderExtensionURI.videoOrientation),
            dependencyDescriptorExtension: id(HeaderExtensionURI.dependencyDescriptor),
            transportSequenceExtension: id(HeaderExtensionURI.transportWideCC),
            consentExtension: id(HeaderExtensionURI.consentState),
            requiresConsentState: session.announcesConsentState,
            sendsREMB: feedback.contains(.googREMB),
            sendsTransportFeedback: feedback.contains(.transportCC),
            maximumBitsPerSecond: maximumBitsPerSecond
        )
    }

    private static func track(_ media: NegotiatedMedia, ring: MediaRing) -> IngestParameters {
        var codecs: [UInt8: MediaCodec] = [:]
        var rtxTypes: [UInt8: UInt8] = [:]
        for codec in media.codecs {
            codecs[codec.payloadType] = Self.codec(codec.name)
            if let rtx = codec.rtxPayloadType { rtxTypes[rtx] = codec.payloadType }
        }
        return IngestParameters(
            ring: ring,
            ssrcs: media.remoteSSRCs.map(\.ssrc),
            rtxSSRCs: media.remoteSSRCs.compactMap(\.rtxSSRC),
            mid: Array(media.mid.utf8),
            codecs: codecs,
            rtxTypes: rtxTypes,
            sendsNACK: media.rtcpFeedback.contains(.nack),
            sendsPLI: media.rtcpFeedback.contains(.nackPLI),
            sendsFIR: media.rtcpFeedback.contains(.ccmFIR)
        )
    }

    /// One line of a viewer.
    static func line(_ media: NegotiatedMedia) -> MediaLineParameters? {
        guard let outgoing = media.outgoing, media.kind != .application else { return nil }
        var line = MediaLineParameters(
            kind: media.kind == .audio ? .audio : .video,
            ssrc: outgoing.ssrc,
            rtxSSRC: outgoing.rtxSSRC,
            firstSequence: UInt16.random(in: 0..<0x8000)
        )
        line.payloadTypes = payloadTypes(media, publisher: nil)
        line.slateLevel = slateLevel(media)
        line.mid = media.mid.utf8.count <= 16 ? Array(media.mid.utf8) : []
        line.midExtension = media.extensionID(HeaderExtensionURI.mid) ?? 0
        line.absoluteSendTimeExtension = media.extensionID(HeaderExtensionURI.absoluteSendTime) ?? 0
        line.audioLevelExtension = media.extensionID(HeaderExtensionURI.audioLevel) ?? 0
        line.orientationExtension = media.extensionID(HeaderExtensionURI.videoOrientation) ?? 0
        line.dependencyDescriptorExtension =
            media.extensionID(HeaderExtensionURI.dependencyDescriptor) ?? 0
        line.consentExtension = media.extensionID(HeaderExtensionURI.consentState) ?? 0
        line.allowsTwoByteExtensions = media.allowsMixedExtensions
        line.acceptsNACK = media.rtcpFeedback.contains(.nack)
        return line
    }

    /// The lowest H.264 level (level_idc) that a viewer's section negotiated; 0 without H.264.
    static func slateLevel(_ media: NegotiatedMedia) -> UInt8 {
        let levels = media.codecs.compactMap { codec -> UInt8? in
            codec.name == .h264 ? UInt8(truncatingIfNeeded: codec.profileLevelID?.rawValue ?? 0x1E) : nil
        }
        return levels.min() ?? 0
    }

    /// A viewer's payload types, of each codec the one that decodes what `publisher` negotiated.
    static func payloadTypes(_ viewer: NegotiatedMedia, publisher: NegotiatedMedia?) -> PayloadTypeTable {
        var table = PayloadTypeTable()
        for name in CodecName.allCases {
            let source = publisher?.codecs.first { $0.name == name }
            let match =
                source.map { viewer.codec(decoding: $0) } ?? viewer.codecs.first { $0.name == name }
            if let match {
                table.set(codec(name), match.payloadType, rtx: match.rtxPayloadType)
            }
        }
        return table
    }

    /// What viewers are offered: everything but transport-wide feedback, which is of one hop; REMB and loss
    /// steer a viewer's level.
    static let viewerCapabilities = MediaCapabilities(
        extensions: [
            HeaderExtensionURI.mid, HeaderExtensionURI.absoluteSendTime, HeaderExtensionURI.audioLevel,
            HeaderExtensionURI.videoOrientation, HeaderExtensionURI.dependencyDescriptor,
        ],
        feedback: [.nack, .nackPLI, .ccmFIR, .googREMB]
    )

    /// What publishers are offered.
    static let publisherCapabilities = MediaCapabilities(
        extensions: [
            HeaderExtensionURI.mid, HeaderExtensionURI.absoluteSendTime, HeaderExtensionURI.audioLevel,
            HeaderExtensionURI.videoOrientation, HeaderExtensionURI.dependencyDescriptor,
            HeaderExtensionURI.transportWideCC, HeaderExtensionURI.consentState,
        ])
}
