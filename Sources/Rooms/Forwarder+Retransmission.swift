import Disclosures
import MediaRings
import Primitives
import RTPPackets
import SRTPProtection

extension Forwarder {
    /// Answers a viewer's NACK of one 16-bit number from the ring, through the same gate as the first time.
    ///
    /// With RTX (RFC 4588) under a number of its own; else the identical bytes once more. What the pass does
    /// not reach, what was a slate, and what is beyond the budget stays unanswered. `false` if the slab is full.
    package mutating func retransmit(
        _ line: Int,
        _ number: UInt16,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> Bool {
        guard slab.hasRoom else { return false }
        guard lines[line].state == .live, lines[line].feed >= 0, !lines[line].isStarting else { return true }
        let newest = lines[line].lastSequence
        let distance = RTPSequence.distance(from: UInt16(truncatingIfNeeded: newest), to: number)
        guard distance <= 0 else { return true }
        let outgoing = newest + Int64(distance)
        guard let incoming = lines[line].map.incoming(for: outgoing) else { return true }
        let feed = lines[line].feed
        let ring = feeds[feed].ring
        let gate = feeds[feed].audiences[lines[line].audience].gate
        let answered: Void? = gate.withPass(now: now) { pass in
            guard pass.opening == lines[line].admittedOpening,
                let position = ring.position(ofSequence: incoming, pass),
                position < lines[line].next
            else { return }
            repeatPacket(
                line,
                ring: ring,
                pass,
                at: position,
                incoming: incoming,
                outgoing: outgoing,
                now: now,
                into: &slab
            )
        }
        if answered == nil { counters.passesDenied[gate.refusal] += 1 }
        return true
    }

    private mutating func repeatPacket(
        _ line: Int,
        ring: MediaRing,
        _ pass: borrowing Pass,
        at position: UInt64,
        incoming: Int64,
        outgoing: Int64,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        let viewer = lines[line].viewer
        guard let remote = viewers[viewer].remote, let local = viewers[viewer].local else { return }
        // Asked first: encryption that is thrown away is what a storm of NACKs would buy.
        guard viewers[viewer].retransmissionBudget.take(SendSlab.datagramCapacity, now: now) else {
            counters.retransmissionsRefused += 1
            return
        }
        let space = slab.space
        let parameters = lines[line].parameters
        let rtxSequence = lines[line].rtxSequence
        let read = ring.read(pass, at: position) {
            packet,
            payload,
            descriptor -> (encrypted: EncryptedPacket, payloadLength: Int, isRTX: Bool) in
            guard packet.sequence == incoming,
                let payloadType = parameters.payloadTypes.payloadType(packet.codec)
            else {
                return (.nothing, 0, false)
            }
            let timestamp = packet.timestamp &+ lines[line].timestampOffset
            if let rtxSSRC = parameters.rtxSSRC,
                let rtxType = parameters.payloadTypes.rtxPayloadType(packet.codec)
            {
                let encrypted = protect(
                    line,
                    packet,
                    payload,
                    descriptor,
                    payloadType: rtxType,
                    ssrc: rtxSSRC,
                    sequence: rtxSequence,
                    timestamp: timestamp,
                    retransmitted: UInt16(truncatingIfNeeded: outgoing),
                    // What was added since it was first sent is not for it.
                    carried: outgoing < lines[line].carriedFrom
                        ? lines[line].carriedThroughout : lines[line].carried,
                    into: space
                )
                return (encrypted, payload.count + RTXPayload.headerByteCount, true)
            }
            // What the packet carried then may not be what it would carry now, and one number is one byte string.
            guard parameters.consentExtension == 0 else { return (.nothing, 0, false) }
            let encrypted = protect(
                line,
                packet,
                payload,
                descriptor,
                payloadType: payloadType,
                ssrc: parameters.ssrc,
                sequence: outgoing,
                timestamp: timestamp,
                retransmitted: nil,
                carried: lines[line].carried,
                into: space
            )
            return (encrypted, payload.count, false)
        }
        guard case .packet(let written) = read, written.encrypted.length > 0 else { return }
        viewers[viewer].retransmissionBudget.giveBack(SendSlab.datagramCapacity - written.encrypted.length)
        if written.isRTX { lines[line].rtxSequence += 1 }
        slab.commit(
            written.encrypted,
            to: remote,
            from: local,
            notAfter: pass.notAfter,
            account: lines[line].account,
            payloadLength: written.payloadLength
        )
        counters.retransmissions += 1
    }

    /// Takes a viewer's wish for a keyframe (PLI or FIR): from the publisher while live, a slate else.
    package mutating func keyframeWished(_ line: Int, now: MonotonicTime) {
        switch lines[line].state {
        case .live, .joining:
            guard lines[line].feed >= 0 else { return }
            counters.keyframeWishes += 1
            feeds[lines[line].feed].ring.wishForKeyframe()
        case .withheld, .unsupported:
            hastenSlate(line, now: now)
        case .idle, .overloaded:
            break
        }
    }
}
