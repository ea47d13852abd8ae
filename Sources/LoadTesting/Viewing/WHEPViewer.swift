import DTLSHandshakes
import ICELite
import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions

/// What a viewer asks for, and where.
package struct ViewerSettings: Sendable {
    /// The WHEP endpoint, with its query if any.
    package var url: String
    package var token: TokenSource
    package var videoSlots = 1
    package var audioSlots = 1
    /// In the order of preference.
    package var videoCodecs: [MediaCodec] = [.vp8, .vp9, .h264]
    /// What it says it can do; feedback of transport-wide sequence numbers is sent only by who decodes.
    package var capabilities = MediaCapabilities()
    /// Keeps a record of each packet; only for short runs.
    package var keepsLog = false
    package var socketUse = LoopPeers.SocketUse.own

    package init(url: String, token: TokenSource) {
        self.url = url
        self.token = token
    }
}

/// One viewing session that runs.
package struct Viewing: Sendable {
    package let session: SignalingSession
    package let number: PeerNumber
    /// Ends after `ended`.
    package let events: AsyncStream<ViewingEvent>
    let media: LoopBound<ViewingMedia>
}

/// A session before it has media: the offer was answered and the peer can be added.
struct NegotiatedViewing: Sendable {
    let session: SignalingSession
    let negotiated: NegotiatedSession
    let parameters: PeerParameters
    let cname: String
}

/// A WHEP client that decodes what it receives.
package final class WHEPViewer: Sendable {
    /// The event types that a viewer is interested in.
    package static let eventNames = [
        "active", "inactive", "layers", "viewercount", "reconnect", "withheld", "slots", "overload",
        "ended",
    ]

    let loop: ClientLoop
    let client: SignalingClient
    let identity: DTLSIdentity

    package init(loop: ClientLoop, client: SignalingClient, identity: DTLSIdentity) {
        self.loop = loop
        self.client = client
        self.identity = identity
    }

    /// Starts one session.
    ///
    /// Throws `SignalingError`, `TokenSourceError`, `OfferError` or `LoopError`.
    package func start(_ settings: ViewerSettings) async throws -> Viewing {
        let ready = try await negotiate(settings)
        let (events, feed) = AsyncStream<ViewingEvent>.makeStream()
        do {
            let (number, media) = try await loop.run { peers in
                let media = ViewingMedia(ready.negotiated, cname: ready.cname, keepsLog: settings.keepsLog) {
                    event in
                    feed.yield(event)
                    if case .ended = event { feed.finish() }
                }
                let number = try peers.add(ready.parameters, media: media, socketUse: settings.socketUse)
                return (number, LoopBound(media))
            }
            return Viewing(session: ready.session, number: number, events: events, media: media)
        } catch {
            await client.end(ready.session, token: (try? settings.token.read()) ?? nil)
            throw error
        }
    }

    /// Offers and reads the answer.
    func negotiate(_ settings: ViewerSettings) async throws -> NegotiatedViewing {
        let token = try settings.token.read()
        var random = SystemRandomNumberGenerator()
        let credentials = ICECredentials.generate(using: &random)
        let cname = "tally-\(String(random.next(), radix: 36))"
        let offer = OfferBuilder.viewerOffer(
            local: LocalTransport(client: credentials, identity: identity, cname: cname, random: &random),
            videoSlots: settings.videoSlots,
            audioSlots: settings.audioSlots,
            videoCodecs: settings.videoCodecs.map { $0.codecName },
            capabilities: settings.capabilities
        )
        let session = try await client.offer(offer, to: settings.url, token: token)
        do {
            let negotiated = try NegotiatedSession(fromAnswer: session.answer, toOffer: offer)
            return NegotiatedViewing(
                session: session,
                negotiated: negotiated,
                parameters: PeerParameters(negotiated, local: credentials, identity: identity),
                cname: cname
            )
        } catch {
            await client.end(session, token: token)
            throw error
        }
    }

    /// Ends a session, here and at the server.
    package func stop(_ viewing: Viewing, token: TokenSource) async {
        loop.perform { $0.remove(viewing.number) }
        await client.end(viewing.session, token: (try? token.read()) ?? nil)
    }

    /// What the slots show now, and did since the last call.
    package func report(of viewing: Viewing) async throws -> [SlotReport] {
        try await loop.run { viewing.media.value(on: $0).report(now: SystemClock.monotonic) }
    }
}
