import ICELite
import PeerTransports
import Primitives
import Rooms

/// A handshake datagram that waits until media has been forwarded.
struct WaitingHandshake {
    let slot: Int
    let peer: PeerID
    let bytes: [UInt8]
    let path: ICEPair
}

/// Handshakes beside media: signatures and key agreements take a tenth of a millisecond and more each, and of a
/// thousand that come at once those who watch must notice nothing.
extension RelayEngine {
    /// Handshake datagrams that one turn of the loop takes before it forwards; what is more waits.
    package static let handshakesBeforeMedia = 2
    /// Datagrams that may wait; what is more is dropped, and DTLS repeats it (RFC 6347 4.2.4).
    package static let waitingHandshakeLimit = 2_048
    /// Of one peer: two flights of a browser.
    static let waitingHandshakeLimitOfPeer = 16

    /// Whether handshake datagrams wait for `continueHandshake`.
    package var hasWaitingHandshakes: Bool { nextHandshake < waitingHandshakes.count }

    /// Begins a turn of the loop: some handshakes go on at once again.
    package mutating func beginTurn() { handshakesTaken = 0 }

    /// Takes the handshake datagram that waits longest; `false` if none does.
    ///
    /// To be called after `forward`, for as long as the loop can spare. The slab must have room.
    package mutating func continueHandshake(now: MonotonicTime, into slab: inout SendSlab) -> Bool {
        while nextHandshake < waitingHandshakes.count {
            let waiting = waitingHandshakes[nextHandshake]
            nextHandshake += 1
            if nextHandshake == waitingHandshakes.count || nextHandshake >= Self.waitingHandshakeLimit {
                waitingHandshakes.removeFirst(nextHandshake)
                nextHandshake = 0
            }
            guard peers.contains(waiting.slot), peers[waiting.slot].id == waiting.peer else { continue }
            peers[waiting.slot].waitingHandshakes -= 1
            guard !peers[waiting.slot].isEnded else { continue }
            advanceHandshake(waiting.slot, waiting.bytes.span.bytes, on: waiting.path, now: now, into: &slab)
            return true
        }
        return false
    }

    /// Takes a handshake datagram now, or after media if this turn has taken its share.
    mutating func receiveHandshake(
        _ slot: Int,
        _ datagram: RawSpan,
        on path: ICEPair,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        if handshakesTaken < Self.handshakesBeforeMedia, peers[slot].waitingHandshakes == 0 {
            handshakesTaken += 1
            return advanceHandshake(slot, datagram, on: path, now: now, into: &slab)
        }
        guard waitingHandshakes.count - nextHandshake < Self.waitingHandshakeLimit,
            peers[slot].waitingHandshakes < Self.waitingHandshakeLimitOfPeer
        else { return drop(.handshakesFull) }
        peers[slot].waitingHandshakes += 1
        waitingHandshakes.append(
            WaitingHandshake(
                slot: slot,
                peer: peers[slot].id,
                bytes: datagram.withUnsafeBytes { Array($0) },
                path: path
            )
        )
    }

    private mutating func advanceHandshake(
        _ slot: Int,
        _ datagram: RawSpan,
        on path: ICEPair,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        _ = peers[slot].transport.receiveDTLS(datagram, on: path, now: now)
        flushHandshake(slot, now: now, into: &slab)
    }
}
