import ICELite
import PeerTransports
import Primitives
import Rooms

extension RelayEngine {
    /// When `tick` wants to be called next; `distantFuture` without peers.
    package var nextWake: MonotonicTime { peers.count == 0 ? .distantFuture : nextTick }

    /// Runs the timers that are due.
    ///
    /// Answers whether it ran (then forward with a sweep).
    package mutating func tick(_ clock: ClockReading, into slab: inout SendSlab) -> Bool {
        let now = clock.monotonic
        guard now >= nextTick else { return false }
        nextTick = now.advanced(byMilliseconds: Self.tickMilliseconds)
        wallOffset = clock.wall.nanosecondsSince1970 &- now.nanoseconds
        for slot in attentive where peers.contains(slot) { tick(peer: slot, now: now, into: &slab) }
        var others = attentive
        attentive = []
        others.removeAll { !peers.contains($0) || isQuiet($0) }
        attentive = others
        // Of those who only watch it is every 25th's turn, so that the many do not make the one late.
        quietTurn = (quietTurn + 1) % Self.quietTurns
        for slot in stride(from: quietTurn, to: peers.end, by: Self.quietTurns)
        where peers.contains(slot) && isQuiet(slot) {
            tick(peer: slot, now: now, into: &slab)
        }
        if now >= nextEstimates {
            nextEstimates = now.advanced(byMilliseconds: 200)
            forwarder.updateEstimates(now: now)
        }
        forwarder.reportAccounts(now: now)
        return true
    }

    /// Whether a peer's timers are long ones: an established viewer that connects to us.
    private func isQuiet(_ slot: Int) -> Bool {
        peers[slot].viewer >= 0 && peers[slot].transport.isEstablished
            && peers[slot].transport.outboundPort == nil
    }

    private mutating func tick(peer slot: Int, now: MonotonicTime, into slab: inout SendSlab) {
        if let why = peers[slot].transport.tick(now: now) { end(slot, why, now: now) }
        if let endedAt = peers[slot].endedAt {
            // The control plane removes it at once; should that command be lost, it must not stay.
            if now.milliseconds(since: endedAt) >= Self.endedMilliseconds { remove(slot) }
            return
        }
        sendChecks(slot, now: now, into: &slab)
        flushHandshake(slot, now: now, into: &slab)
        if peers[slot].viewer >= 0 {
            if !peers[slot].transport.isLive(now: now) { setPath(slot, nil) }
            sendSenderReports(slot, now: now, into: &slab)
        } else if peers[slot].publisher != nil {
            sendPublisherFeedback(slot, now: now, into: &slab)
        }
    }
}
