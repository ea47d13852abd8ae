import DTLSHandshakes
import ICELite
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions
import Synchronization

/// What a publisher publishes, and where.
package struct PublisherSettings: Sendable {
    /// The WHIP endpoint.
    package var url: String
    package var token: TokenSource
    package var video: VideoInput?
    package var audio: AudioInput?
    package var observer: (any PayloadObserver)?

    package init(url: String, token: TokenSource, video: VideoInput?, audio: AudioInput?) {
        self.url = url
        self.token = token
        self.video = video
        self.audio = audio
    }
}

/// What happens to a running session of a client.
package enum SessionEvent: Sendable {
    case established(MonotonicTime)
    case ended(PeerEnd)
}

/// One publication that runs.
package struct Publication: Sendable {
    package let session: SignalingSession
    package let number: PeerNumber
    /// Ends after `ended`.
    package let events: AsyncStream<SessionEvent>
    let media: LoopBound<PublishingMedia>
}

/// A publication before it has media: the offer was answered and the peer can be added.
struct NegotiatedPublishing: Sendable {
    let session: SignalingSession
    let negotiated: NegotiatedSession
    let parameters: PeerParameters
    let cname: String
}

/// Something that only the loop's thread touches, as a value that others may carry about.
// Safe because `value` is read on the loop's thread only, which `LoopPeers` in the argument proves: nobody
// else holds one.
struct LoopBound<Value: AnyObject>: @unchecked Sendable {
    private let object: Value

    init(_ object: Value) {
        self.object = object
    }

    func value(on peers: LoopPeers) -> Value { object }
}

/// A WHIP client with synthetic or recorded media.
package final class WHIPPublisher: Sendable {
    private let loop: ClientLoop
    private let client: SignalingClient
    private let identity: DTLSIdentity

    package init(loop: ClientLoop, client: SignalingClient, identity: DTLSIdentity) {
        self.loop = loop
        self.client = client
        self.identity = identity
    }

    /// Starts one publication.
    ///
    /// Throws `SignalingError`, `TokenSourceError`, `LoopError` or `CodecError`.
    package func start(_ settings: PublisherSettings) async throws -> Publication {
        let token = try settings.token.read()
        let ready = try await negotiate(
            url: settings.url,
            token: token,
            video: settings.video?.codec,
            hasAudio: settings.audio != nil
        )
        do {
            let (events, feed) = AsyncStream<SessionEvent>.makeStream()
            let (number, media) = try await loop.run { peers in
                let media = try PublishingMedia(
                    ready.negotiated,
                    video: settings.video,
                    audio: settings.audio,
                    cname: ready.cname,
                    observer: settings.observer,
                    onEstablished: { feed.yield(.established(SystemClock.monotonic)) },
                    onEnd: { end in
                        feed.yield(.ended(end))
                        feed.finish()
                    }
                )
                return (try peers.add(ready.parameters, media: media), LoopBound(media))
            }
            return Publication(session: ready.session, number: number, events: events, media: media)
        } catch {
            await client.end(ready.session, token: token)
            throw error
        }
    }

    /// Offers and reads the answer.
    func negotiate(
        url: String,
        token: String?,
        video: MediaCodec?,
        hasAudio: Bool
    ) async throws -> NegotiatedPublishing {
        var random = SystemRandomNumberGenerator()
        let credentials = ICECredentials.generate(using: &random)
        let cname = "tally-\(String(random.next(), radix: 36))"
        let transport = LocalTransport(client: credentials, identity: identity, cname: cname, random: &random)
        let streamID = "stream-\(String(random.next(), radix: 36))"
        let audioStream =
            hasAudio
            ? OutgoingStream(ssrc: .random(in: 1...UInt32.max), streamID: streamID, trackID: "audio") : nil
        let videoStream = video.map { _ in
            OutgoingStream(
                ssrc: .random(in: 1...UInt32.max),
                rtxSSRC: .random(in: 1...UInt32.max),
                streamID: streamID,
                trackID: "video"
            )
        }
        let offer = OfferBuilder.publisherOffer(
            local: transport,
            audio: audioStream,
            video: videoStream,
            videoCodecs: video.map { [$0.codecName] } ?? []
        )
        let session = try await client.offer(offer, to: url, token: token)
        do {
            let streams = Dictionary(
                uniqueKeysWithValues: [audioStream, videoStream].compactMap { $0 }.enumerated().map {
                    ($0.offset, $0.element)
                }
            )
            let negotiated = try NegotiatedSession(
                fromAnswer: session.answer,
                toOffer: offer,
                streams: streams
            )
            return NegotiatedPublishing(
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

    /// Ends a publication, here and at the server.
    package func stop(_ publication: Publication, token: TokenSource) async {
        loop.perform { $0.remove(publication.number) }
        let token = (try? token.read()) ?? nil
        await client.end(publication.session, token: token)
    }

    /// What the publication has sent and heard so far.
    package func statistics(of publication: Publication) async throws -> PublishingStatistics {
        try await loop.run { publication.media.value(on: $0).statistics }
    }
}

extension LocalTransport {
    /// A client's: no candidates, since an ICE-lite server learns our address from our checks.
    init(
        client credentials: ICECredentials,
        identity: DTLSIdentity,
        cname: String,
        random: inout some RandomNumberGenerator
    ) {
        self.init(
            iceUfrag: credentials.ufrag,
            icePassword: credentials.password,
            fingerprintSHA256: identity.fingerprint.bytes,
            candidates: [],
            isLite: false,
            cname: cname,
            originID: random.next()
        )
    }
}
