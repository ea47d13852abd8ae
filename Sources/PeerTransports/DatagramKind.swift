// Hot path 2/6: STUN, DTLS, RTP or RTCP

import Primitives

/// What a datagram on the shared port is, by its first bytes (RFC 7983 7, RFC 5761 4).
package enum DatagramKind: UInt8, Sendable {
    case stun
    case dtls
    case rtp
    case rtcp
    /// None of these, or too short for any: dropped.
    case unknown

    /// Shorter than a fixed RTP header or a STUN or DTLS record header nothing is what it seems.
    private static let minimumByteCount = 12

    @inline(always)
    package init(_ datagram: RawSpan) {
        guard datagram.byteCount >= Self.minimumByteCount, let first = datagram.byte(at: 0),
            let second = datagram.byte(at: 1)
        else {
            self = .unknown
            return
        }
        switch first {
        case 0...3: self = .stun
        case 20...63: self = .dtls
        // RTCP packet types 192 to 223 are kept free of RTP payload types (RFC 5761 4).
        case 128...191: self = (192...223).contains(second) ? .rtcp : .rtp
        default: self = .unknown
        }
    }
}
