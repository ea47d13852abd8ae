import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import Rooms
import SRTPProtection

/// What became of a datagram.
package enum ReceiveOutcome: Sendable, Equatable {
    case taken
    /// It is another loop's: hand it over.
    case foreign(loop: Int)
}

/// How a ufrag says which loop owns its peer: its first character.
package enum UfragOwner {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// The prefix of ufrags of loop `loop` (0 to 61).
    package static func prefix(loop: Int) -> String {
        precondition(alphabet.indices.contains(loop), "a loop's number has one character")
        return String(decoding: [alphabet[loop]], as: UTF8.self)
    }

    /// The loop that a ufrag names.
    static func loop(ofUfragStarting byte: UInt8) -> Int? { alphabet.firstIndex(of: byte) }
}

extension RelayEngine {
    /// Takes one datagram; media is decrypted in place, so `datagram` is spent.
    ///
    /// What another loop handed over (its number is `handedOverBy`) is not passed on again.
    package mutating func receive(
        _ datagram: UnsafeMutableRawBufferPointer,
        on path: ICEPair,
        handedOverBy: Int? = nil,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> ReceiveOutcome {
        if handedOverBy == nil {
            counters.packetsIn += 1
            counters.bytesIn += UInt64(datagram.count)
        }
        let span = UnsafeRawBufferPointer(datagram).bytes
        let kind = DatagramKind(span)
        switch kind {
        case .unknown:
            drop(.unknownKind)
        case .stun:
            return receiveSTUN(span, on: path, handedOverBy: handedOverBy, now: now, into: &slab)
        case .dtls, .rtp, .rtcp:
            guard let slot = paths[path], !peers[slot].isEnded else {
                if handedOverBy == nil, let owner = foreignPaths.loop(of: path, now: now) {
                    return .foreign(loop: owner)
                }
                drop(.stranger)
                return .taken
            }
            guard peers[slot].transport.isValidated(path, now: now) else {
                paths[path] = nil
                drop(.stranger)
                return .taken
            }
            take(kind, datagram, of: slot, on: path, now: now, into: &slab)
        }
        return .taken
    }

    /// Takes one datagram of an outbound peer's own socket, by which nobody else is reachable; media is decrypted
    /// in place, so `datagram` is spent.
    package mutating func receiveOutbound(
        _ datagram: UnsafeMutableRawBufferPointer,
        on path: ICEPair,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        counters.packetsIn += 1
        counters.bytesIn += UInt64(datagram.count)
        guard let slot = outboundSlots[path.local.port] else { return drop(.stranger) }
        let span = UnsafeRawBufferPointer(datagram).bytes
        let kind = DatagramKind(span)
        switch kind {
        case .unknown:
            drop(.unknownKind)
        case .stun:
            receiveOutboundSTUN(slot, span, on: path, now: now, into: &slab)
        case .dtls, .rtp, .rtcp:
            guard peers[slot].transport.isValidated(path, now: now) else { return drop(.stranger) }
            take(kind, datagram, of: slot, on: path, now: now, into: &slab)
        }
    }

    /// Takes a datagram that came on a live path of the peer's.
    private mutating func take(
        _ kind: DatagramKind,
        _ datagram: UnsafeMutableRawBufferPointer,
        of slot: Int,
        on path: ICEPair,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        switch kind {
        case .dtls:
            let span = UnsafeRawBufferPointer(datagram).bytes
            receiveHandshake(slot, span, on: path, now: now, into: &slab)
        case .rtp:
            receiveMedia(slot, datagram, now: now)
        default:
            receiveControl(slot, datagram, now: now, into: &slab)
        }
    }

    /// Takes an answer to a check of ours, or a check of a server that is no ICE-lite agent.
    private mutating func receiveOutboundSTUN(
        _ slot: Int,
        _ datagram: RawSpan,
        on path: ICEPair,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        guard STUNMessage.isResponse(datagram) else {
            let outcome = peers[slot].transport.receiveSTUN(
                datagram,
                on: path,
                now: now,
                response: &response
            )
            if case .drop = outcome { return drop(.badSTUN) }
            slab.append(response, to: path.remote, from: path.local)
            return
        }
        guard case .answered = peers[slot].transport.receiveAnswer(datagram, on: path, now: now) else {
            return drop(.badSTUN)
        }
        if peers[slot].nominatedAt == nil { peers[slot].nominatedAt = now }
        followSelectedPath(slot, now: now)
        flushHandshake(slot, now: now, into: &slab)
    }

    /// Points an established peer's media at the path that its checks have chosen.
    private mutating func followSelectedPath(_ slot: Int, now: MonotonicTime) {
        guard peers[slot].transport.isEstablished else { return }
        // A check of another path does not bring a dead one back.
        let isLive = peers[slot].transport.isLive(now: now)
        setPath(slot, isLive ? peers[slot].transport.selectedPath : nil)
    }

    /// Takes the paths, checked since the last call, whose datagrams another loop receives for this one: it
    /// has to learn of the owner (`EngineCommand.announcePath`).
    package mutating func takePathsToAnnounce() -> [(path: ICEPair, receivingLoop: Int)] {
        guard !pathsToAnnounce.isEmpty else { return [] }
        defer { pathsToAnnounce.removeAll(keepingCapacity: true) }
        return pathsToAnnounce
    }

    private mutating func receiveSTUN(
        _ datagram: RawSpan,
        on path: ICEPair,
        handedOverBy: Int?,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> ReceiveOutcome {
        guard let ufrag = STUNMessage.localUfrag(of: datagram)?.withUnsafeBytes({ Array($0) }) else {
            drop(.badSTUN)
            return .taken
        }
        guard let slot = slot(ofUfrag: ufrag), !peers[slot].isEnded else {
            if handedOverBy == nil, let first = ufrag.first,
                let owner = UfragOwner.loop(ofUfragStarting: first),
                owner != loop
            {
                return .foreign(loop: owner)
            }
            drop(.badSTUN)
            return .taken
        }
        let outcome = peers[slot].transport.receiveSTUN(datagram, on: path, now: now, response: &response)
        switch outcome {
        case .drop:
            drop(.badSTUN)
        case .refuse:
            slab.append(response, to: path.remote, from: path.local)
        case .respond(let pair, let selectionChanged):
            slab.append(response, to: path.remote, from: path.local)
            foreignPaths.forget(pair)
            if let handedOverBy { pathsToAnnounce.append((pair, handedOverBy)) }
            if paths[pair] != slot { remember(pair, of: slot) }
            if selectionChanged, peers[slot].nominatedAt == nil { peers[slot].nominatedAt = now }
            followSelectedPath(slot, now: now)
            flushHandshake(slot, now: now, into: &slab)
        }
        return .taken
    }

    /// Puts a checked path into the address table; a peer that has too many forgets its oldest.
    private mutating func remember(_ pair: ICEPair, of slot: Int) {
        paths[pair] = slot
        peers[slot].paths.removeAll { $0 == pair }
        if peers[slot].paths.count >= ICELiteAgent.maximumValidatedPairs * 2 {
            let selected = peers[slot].transport.selectedPath
            let stale = peers[slot].paths.remove(at: peers[slot].paths.firstIndex { $0 != selected } ?? 0)
            // It may have become another peer's meanwhile.
            if paths[stale] == slot { paths[stale] = nil }
        }
        peers[slot].paths.append(pair)
    }

    private mutating func receiveMedia(
        _ slot: Int,
        _ datagram: UnsafeMutableRawBufferPointer,
        now: MonotonicTime
    ) {
        guard peers[slot].publisher != nil else { return drop(.fromViewer) }
        guard peers[slot].transport.inbound != nil else { return drop(.notEstablished) }
        guard let result = peers[slot].transport.inbound?.unprotectRTP(datagram) else { return }
        switch result {
        case .drop(let reason):
            drop(DropReason(reason))
        case .plaintext(let length, _):
            // After the authentication, so that forged packets use up nobody's allowance.
            guard peers[slot].publisher?.allowance.take(datagram.count, now: now) == true else {
                return drop(.rateLimited)
            }
            let packet = UnsafeRawBufferPointer(datagram).bytes.extracting(0..<length)
            let ntp = NTPTimestamp(nanosecondsSince1970: now.nanoseconds &+ wallOffset).rawValue
            guard let outcome = peers[slot].publisher?.receive(packet, now: now, wallNTP: ntp) else { return }
            tellCarried(slot)
            switch outcome {
            case .drop(let reason):
                drop(reason)
            case .published(let track):
                counters.published += 1
                notePublished(slot, track)
            }
        }
    }

    /// Tells what another relay carries along, where it has changed.
    private mutating func tellCarried(_ slot: Int) {
        guard peers[slot].publisher?.parameters.requiresConsentState == true else { return }
        for index in peers[slot].publisher?.tracks.indices ?? 0..<0 {
            guard let ring = peers[slot].publisher?.tracks[index].ring,
                let (carried, number) = peers[slot].publisher?.tracks[index].carried.takeTelling()
            else { continue }
            events.append(.carried(peers[slot].id, ring.track, carried, number: number))
        }
    }

    /// Has the viewers of this loop served.
    private mutating func noteNews(_ slot: Int, _ track: Int, _ ring: MediaRing) {
        let known = peers[slot].publisher?.tracks[track].feed ?? -1
        guard !forwarder.noteNews(of: ring, feed: known), let feed = feed(of: ring.track) else { return }
        peers[slot].publisher?.tracks[track].feed = feed
        _ = forwarder.noteNews(of: ring, feed: feed)
    }

    private mutating func notePublished(_ slot: Int, _ track: Int) {
        guard let ring = peers[slot].publisher?.tracks[track].ring else { return }
        let readers = ring.readerLoops
        wakes |= readers
        if readers & (1 << UInt64(loop)) != 0 { noteNews(slot, track, ring) }
        if peers[slot].publisher?.tracks[track].isStarted == false {
            peers[slot].publisher?.tracks[track].isStarted = true
            let codecs = peers[slot].publisher?.tracks[track].parameters.codecs
            events.append(
                .trackStarted(
                    peers[slot].id,
                    ring.track,
                    codecs?.values.first ?? (ring.kind == .audio ? .opus : .vp8)
                )
            )
        }
    }
}

extension DropReason {
    fileprivate init(_ reason: InboundDropReason) {
        switch reason {
        case .authenticationFailed: self = .authenticationFailed
        case .replayed: self = .replayed
        case .tooOld: self = .tooOld
        case .malformed: self = .malformed
        case .tooManySources: self = .tooManySources
        }
    }
}
