import DTLSHandshakes
import ICELite
import Primitives
import RTPPackets
import SRTPProtection

/// One peer connection of ours to a WHIP or WHEP server: ICE checks, DTLS, SRTP, and the media on top.
///
/// It lives on its loop's thread only.
package final class ClientPeer {
    /// Without an answer to our checks for this long the server is taken for gone; checks are repeated up to
    /// every 1.6 s, so that a lost one does not end it.
    package static let patienceMilliseconds: Int64 = 6_000
    /// SSRCs that a server may send from: slots of a large room, each with its retransmissions.
    static let maximumSources = 128

    let socket: ClientSocket
    /// The address that its packets leave from; unspecified where the socket is its own.
    let local: SocketAddress
    package let media: any PeerMedia
    private let parameters: PeerParameters
    let scratch: PacketScratch
    let slab: SendSlab
    private var ice: ICECheckingClient
    private let handshake: DTLSHandshake
    var inbound: InboundProtection?
    var outbound: OutboundProtection?
    private var random = SystemRandomNumberGenerator()
    private var lastAnswer: MonotonicTime
    private var mediaDue = MonotonicTime.distantFuture
    package private(set) var end: PeerEnd?
    package internal(set) var counters = PeerCounters()
    /// When the server first answered a check of ours.
    package private(set) var answeredAt: MonotonicTime?
    /// Where packets go: the address that answered our checks.
    package private(set) var remote: SocketAddress?
    /// Something has happened after which `tick` may be due earlier than it said.
    var needsTick = true
    /// It hears nothing and says nothing any more, as a client that lost its network.
    var isSilenced = false

    init(
        _ parameters: PeerParameters,
        media: any PeerMedia,
        socket: ClientSocket,
        local: SocketAddress,
        scratch: PacketScratch,
        slab: SendSlab,
        now: MonotonicTime
    ) {
        self.parameters = parameters
        self.media = media
        self.socket = socket
        self.local = local
        self.scratch = scratch
        self.slab = slab
        lastAnswer = now
        ice = ICECheckingClient(
            localUfrag: parameters.local.ufrag,
            remote: parameters.remote,
            candidates: parameters.candidates,
            tieBreaker: random.next(),
            now: now
        )
        handshake = DTLSHandshake(
            role: parameters.role,
            identity: parameters.identity,
            remoteFingerprints: parameters.remoteFingerprints
        )
    }

    package var isEstablished: Bool { outbound != nil && end == nil }

    // MARK: Events

    func receiveSTUN(_ datagram: RawSpan, from remote: SocketAddress, now: MonotonicTime) {
        needsTick = true
        if let message = STUNMessage(datagram), message.messageClass == .request {
            return answer(message, datagram, from: remote)
        }
        guard case .answered = ice.receive(datagram, from: remote, now: now) else { return }
        lastAnswer = now
        if answeredAt == nil { answeredAt = now }
        self.remote = ice.selected
        if parameters.role == .client { handshake.start(now: now) }
        flushHandshake(now: now)
    }

    func receiveDTLS(_ datagram: RawSpan, from remote: SocketAddress, now: MonotonicTime) {
        guard remote == self.remote else { return }
        needsTick = true
        handshake.receive(datagram, now: now)
        flushHandshake(now: now)
    }

    /// Does what is due; answers when to call again.
    func tick(now: MonotonicTime) -> MonotonicTime {
        defer { needsTick = false }
        guard end == nil, !isSilenced else { return .distantFuture }
        while let check = ice.poll(now: now, random: &random) {
            send(check.bytes, to: check.remote)
        }
        if let due = handshake.nextTimeout, due <= now {
            handshake.handleTimeout(now: now)
            flushHandshake(now: now)
        }
        if now.milliseconds(since: lastAnswer) >= Self.patienceMilliseconds { finish(.pathLost) }
        if isEstablished, mediaDue <= now { mediaDue = media.tick(self, now: now) }
        guard end == nil else { return .distantFuture }
        return min(
            ice.nextTimeout ?? .distantFuture,
            handshake.nextTimeout ?? .distantFuture,
            mediaDue,
            lastAnswer.advanced(byMilliseconds: Self.patienceMilliseconds)
        )
    }

    /// Lets the media be called at `time` if it is earlier than what it asked for.
    package func wake(at time: MonotonicTime) {
        guard time < mediaDue else { return }
        mediaDue = time
        needsTick = true
    }

    /// Says good-bye and ends.
    func close() {
        guard end == nil else { return }
        handshake.close()
        while let datagram = handshake.nextOutgoingDatagram(), let remote { send(datagram, to: remote) }
        finish(.closedByUs)
    }

    // MARK: Parts

    private func flushHandshake(now: MonotonicTime) {
        if let remote {
            while let datagram = handshake.nextOutgoingDatagram() { send(datagram, to: remote) }
        }
        switch handshake.status {
        case .handshaking: break
        case .established(let keys): if outbound == nil, end == nil { protect(with: keys, now: now) }
        case .failed(let failure): finish(.handshakeFailed("\(failure)"))
        case .closed: finish(.closedByPeer)
        }
    }

    private func protect(with keys: SRTPKeyingMaterial, now: MonotonicTime) {
        guard let profile = SRTPProfile(rawValue: keys.profile.rawValue),
            let inbound = try? InboundProtection(
                profile: profile,
                masterKey: keys.remoteKey.span.bytes,
                masterSalt: keys.remoteSalt.span.bytes,
                maximumSources: Self.maximumSources
            ),
            let outbound = try? OutboundProtection(
                profile: profile,
                masterKey: keys.localKey.span.bytes,
                masterSalt: keys.localSalt.span.bytes
            )
        else { return finish(.handshakeFailed("no cipher for \(keys.profile)")) }
        self.inbound = consume inbound
        self.outbound = consume outbound
        mediaDue = now
        media.established(self, now: now)
    }

    /// A server that is no ICE-lite agent checks its side of the path too (RFC 8445 7.3).
    private func answer(_ message: STUNMessage, _ datagram: RawSpan, from remote: SocketAddress) {
        let password = Array(parameters.local.password.utf8)
        guard message.hasValidFingerprint(in: datagram),
            message.hasValidIntegrity(in: datagram, password: password)
        else { return }
        var writer = STUNWriter(.success, transactionID: message.transactionID)
        writer.addXORMappedAddress(remote)
        writer.addMessageIntegrity(password: password)
        writer.addFingerprint()
        send(writer.bytes, to: remote)
    }

    private func finish(_ reason: PeerEnd) {
        guard end == nil else { return }
        end = reason
        media.ended(reason)
    }
}

/// What passed a peer.
package struct PeerCounters: Sendable, Equatable {
    package var packetsReceived: UInt64 = 0
    package var packetsSent: UInt64 = 0
    /// Of those received, the ones that did not decrypt.
    package var undecryptable: UInt64 = 0
    /// Of those received, the ones that had come before.
    package var replayed: UInt64 = 0

    package init() {}

    package static func += (left: inout PeerCounters, right: PeerCounters) {
        left.packetsReceived += right.packetsReceived
        left.packetsSent += right.packetsSent
        left.undecryptable += right.undecryptable
        left.replayed += right.replayed
    }
}
