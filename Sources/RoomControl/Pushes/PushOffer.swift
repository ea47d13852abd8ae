import DTLSHandshakes
import Disclosures
import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import SessionDescriptions
import Webhooks

/// What a push offers to a server, and what the server's answer makes of it.
struct PushOffer: Sendable {
    /// What is offered in one section.
    struct Part: Sendable {
        let track: TrackID
        let codec: NegotiatedCodec
        let stream: OutgoingStream
    }

    /// Everything that viewers are offered, and the state of consents, which is between servers.
    static let capabilities = MediaCapabilities(
        extensions: Negotiation.viewerCapabilities.extensions.union([HeaderExtensionURI.consentState]),
        feedback: Negotiation.viewerCapabilities.feedback
    )
    /// More than servers have; each is sent checks.
    private static let maximumCandidates = 8

    let parts: [Part]
    let credentials: ICECredentials
    let description: SessionDescription

    init(
        _ parts: [(track: TrackID, codec: NegotiatedCodec)],
        local: LocalTransport,
        credentials: ICECredentials,
        mayBeRecorded: Bool
    ) {
        let name = "push\(UInt32.random(in: 0 ... .max))"
        self.parts = parts.map { part in
            Part(
                track: part.track,
                codec: part.codec,
                stream: OutgoingStream(
                    ssrc: UInt32.random(in: 1 ... .max),
                    rtxSSRC: part.codec.name == .opus ? nil : UInt32.random(in: 1 ... .max),
                    streamID: name,
                    trackID: part.codec.name.kind.rawValue
                )
            )
        }
        self.credentials = credentials
        description = OfferBuilder.relayOffer(
            local: local,
            sections: self.parts.map { ($0.codec, $0.stream) },
            recordPreference: mayBeRecorded ? .none : .off,
            capabilities: Self.capabilities
        )
    }

    /// What an answer settled: how the server is reached, and what is sent on which line.
    struct Settlement: Sendable {
        let negotiated: NegotiatedSession
        let transport: PeerTransportParameters
        let lines: [ViewerLine]
        let parameters: [MediaLineParameters]
        /// Whether every line carries the state of consents along.
        let carriesConsent: Bool
    }

    /// Takes an answer.
    ///
    /// `isHere` says that the server was asked over loopback, so that it may be on this machine.
    func settle(
        _ answer: SessionDescription,
        port: UInt16,
        serverIsHere isHere: Bool
    ) -> Result<Settlement, WHIPFailure> {
        let streams = Dictionary(
            uniqueKeysWithValues: parts.enumerated().map { ($0.offset, $0.element.stream) }
        )
        guard
            let negotiated = try? NegotiatedSession(
                fromAnswer: answer,
                toOffer: description,
                capabilities: Self.capabilities,
                streams: streams
            )
        else { return .failure(.unusable("answer-malformed")) }
        let sent = negotiated.acceptedMedia.filter { $0.outgoing != nil }
        var parameters = sent.compactMap { Negotiation.line($0) }
        guard !sent.isEmpty, parameters.count == sent.count else {
            return .failure(.unusable("answer-declines"))
        }
        for line in parameters.indices { parameters[line].showsSlates = false }
        let candidates = negotiated.remoteCandidates.sorted { $0.priority > $1.priority }.map(\.address)
            .filter { AddressPolicy.allowsMedia($0, ofServerHere: isHere) }
        guard !candidates.isEmpty else { return .failure(.unusable("no-candidates")) }
        var transport = LiveRoom.transport(negotiated, credentials, hearsGoodbye: true)
        transport.outbound = OutboundChecks(
            remote: ICECredentials(ufrag: negotiated.remoteUfrag, password: negotiated.remotePassword),
            candidates: Array(candidates.prefix(Self.maximumCandidates)),
            tieBreaker: UInt64.random(in: .min ... .max),
            port: port
        )
        return .success(
            Settlement(
                negotiated: negotiated,
                transport: transport,
                lines: sent.enumerated().map { ViewerLine(mediaIndex: $0, media: $1) },
                parameters: parameters,
                carriesConsent: parameters.allSatisfy { $0.consentExtension != 0 }
            )
        )
    }

    /// The track that a line of the answer carries.
    func track(of line: ViewerLine) -> TrackID? {
        parts.indices.contains(line.media.index) ? parts[line.media.index].track : nil
    }
}
