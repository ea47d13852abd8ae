import Primitives
import RTPPackets

/// What a peer sends or receives once its transport stands; called on the loop's thread only.
package protocol PeerMedia: AnyObject {
    /// The handshake is done and packets may be sent.
    func established(_ peer: ClientPeer, now: MonotonicTime)

    /// Looks at a protected RTP packet; answers whether it is to be decrypted and given to `received`.
    func examines(_ packet: RawSpan, receivedAt: Int64, on peer: ClientPeer, now: MonotonicTime) -> Bool

    /// A decrypted RTP packet; `receivedAt` is the kernel's time of receipt in nanoseconds since 1970.
    func received(
        _ packet: RawSpan,
        header: RTPHeader,
        receivedAt: Int64,
        on peer: ClientPeer,
        now: MonotonicTime
    )

    /// A decrypted (compound) RTCP packet.
    func receivedControl(_ packet: RawSpan, on peer: ClientPeer, now: MonotonicTime)

    /// Does what is due and answers when it wants to be called again.
    func tick(_ peer: ClientPeer, now: MonotonicTime) -> MonotonicTime

    /// The transport is over; nothing follows.
    func ended(_ end: PeerEnd)
}

extension PeerMedia {
    /// Everything is decrypted.
    package func examines(
        _ packet: RawSpan,
        receivedAt: Int64,
        on peer: ClientPeer,
        now: MonotonicTime
    ) -> Bool { true }
}

/// Why a peer's transport is over.
package enum PeerEnd: Error, Hashable, Sendable {
    /// We were told to.
    case closedByUs
    /// The other side said good-bye (DTLS close_notify).
    case closedByPeer
    /// No check was answered at first, or none any more.
    case pathLost
    /// The handshake failed.
    case handshakeFailed(String)
}

extension PeerEnd: CustomStringConvertible {
    package var description: String {
        switch self {
        case .closedByUs: "closed"
        case .closedByPeer: "closed by the other side"
        case .pathLost: "no answer on the media path"
        case .handshakeFailed(let reason): "DTLS handshake failed: \(reason)"
        }
    }
}
