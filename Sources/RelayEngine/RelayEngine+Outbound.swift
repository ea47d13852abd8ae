import ICELite
import PeerTransports
import Primitives
import Rooms

/// Peers that the relay connects to itself, each by a socket of its own.
extension RelayEngine {
    /// Whether no peer has the port.
    func isFree(_ port: UInt16?) -> Bool {
        guard let port else { return true }
        return outboundSlots[port] == nil
    }

    /// Sends the checks of an outbound peer that are due.
    mutating func sendChecks(_ slot: Int, now: MonotonicTime, into slab: inout SendSlab) {
        guard peers[slot].transport.outboundPort != nil else { return }
        while slab.hasRoom, let check = peers[slot].transport.nextCheck(now: now, random: &random) {
            slab.append(check.datagram, to: check.path.remote, from: check.path.local)
        }
    }

    /// The socket of this port is gone: its peer, if it has one, ends.
    package mutating func loseOutboundSocket(_ port: UInt16, now: MonotonicTime) {
        guard let slot = outboundSlots[port] else { return }
        end(slot, .pathLost, now: now)
    }

    /// Ends a peer's transport: it is sent nothing more, and its port serves nobody.
    mutating func end(_ slot: Int, _ why: TransportEnd, now: MonotonicTime) {
        guard !peers[slot].isEnded else { return }
        peers[slot].endedAt = now
        setPath(slot, nil)
        freePort(of: slot)
        events.append(.ended(peers[slot].id, why))
    }

    /// Lets go of an outbound peer's port, which may be another's by now.
    mutating func freePort(of slot: Int) {
        guard let port = peers[slot].transport.outboundPort, outboundSlots[port] == slot else { return }
        outboundSlots[port] = nil
    }
}
