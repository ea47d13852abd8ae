import DTLSHandshakes
import ICELite
import MediaRings
import PeerTransports
import Primitives
import RTPPackets
import Rooms
import SRTPProtection

/// What an engine counts; totals since it began.
package struct EngineCounters: Sendable {
    package var packetsIn: UInt64 = 0
    package var bytesIn: UInt64 = 0
    package var published: UInt64 = 0
    /// By `DropReason.rawValue`.
    package var drops = [UInt64](repeating: 0, count: DropReason.allCases.count)
    package var nacksReceived: UInt64 = 0
    package var nacksSent: UInt64 = 0
    package var keyframeRequestsReceived: UInt64 = 0
    package var keyframeRequestsSent: UInt64 = 0
    package var bytesToStrangers: UInt64 = 0

    package init() {}
}

/// One media loop's whole work without sockets, threads or clocks: what the runtime drives, and the simulator.
///
/// A turn is: `beginTurn`, commands, datagrams, `tick` when due, then `forward` until it is done, then some
/// `continueHandshake`; what it wrote into the slab is sent, events and wake-ups are handed on.
package struct RelayEngine: ~Copyable {
    /// Sessions of one loop; beyond it the control plane refuses new ones.
    package static let peerLimit = 20_000
    /// A peer whose transport has ended is forgotten after this long.
    package static let endedMilliseconds: Int64 = 10_000
    /// Timers run this often while there is a peer.
    package static let tickMilliseconds: Int64 = 10
    /// An established viewer's timers run once in so many ticks.
    package static let quietTurns = 25

    struct Peer: ~Copyable {
        let id: PeerID
        var transport: PeerTransport
        /// The viewer's slot in the forwarder; -1 for a publisher.
        var viewer: Int
        var publisher: PublisherIngest?
        /// A publisher's outbound keys, for RTCP; a viewer's are in its outlet.
        var control: OutboundProtection?
        let createdAt: MonotonicTime
        var nominatedAt: MonotonicTime?
        /// When the transport ended; such a peer is sent nothing and goes by itself after a while.
        var endedAt: MonotonicTime?
        var isEnded: Bool { endedAt != nil }
        /// Our fragments that name it, the newest last.
        var ufrags: [[UInt8]] = []
        /// Paths in the address table; those of an outbound peer are not there, its socket is its own.
        var paths: [ICEPair] = []
        var nextSenderReports = MonotonicTime.distantPast
        /// Its datagrams among those that wait.
        var waitingHandshakes = 0
    }

    /// This loop's number; the first character of its peers' ufrags says it (`ICEUfragPrefix`).
    package let loop: Int
    private let identity: DTLSIdentity
    var peers = SlotArray<Peer>()
    private var slots: [PeerID: Int] = [:]
    private var ufrags: [[UInt8]: Int] = [:]
    var paths: [ICEPair: Int] = [:]
    /// Outbound peers by the port of the socket that is theirs alone.
    var outboundSlots: [UInt16: Int] = [:]
    /// For the transaction identifiers of our own checks.
    var random: any RandomNumberGenerator & Sendable
    var foreignPaths = ForeignPaths()
    var pathsToAnnounce: [(path: ICEPair, receivingLoop: Int)] = []
    private var feeds: [TrackID: Int] = [:]
    package var forwarder = Forwarder()
    package internal(set) var counters = EngineCounters()
    var events: [EngineEvent] = []
    /// Media loops (one bit each) with viewers of tracks that this batch published to.
    package internal(set) var wakes: UInt64 = 0
    var nextTick = MonotonicTime.distantPast
    /// Slots of peers whose timers run at each tick: all but established viewers.
    var attentive: [Int] = []
    var quietTurn = 0
    /// Handshake datagrams in the order in which they came; those before `nextHandshake` are done with.
    var waitingHandshakes: [WaitingHandshake] = []
    var nextHandshake = 0
    /// Handshake datagrams that this turn has taken so far.
    var handshakesTaken = 0
    var nextEstimates = MonotonicTime.distantPast
    var response: [UInt8] = []
    var report = RTCPWriter()
    var lost: [UInt16] = []
    /// Wall time minus monotonic time in nanoseconds, as of the last tick.
    var wallOffset: Int64 = 0
    /// The source of our RTCP toward publishers, which send to us alone.
    let controlSSRC: UInt32
    let cname: String

    /// `random` must be unpredictable outside of tests.
    package init(
        loop: Int,
        identity: DTLSIdentity,
        controlSSRC: UInt32,
        cname: String,
        random: any RandomNumberGenerator & Sendable
    ) {
        self.random = random
        self.loop = loop
        self.identity = identity
        self.controlSSRC = controlSSRC
        self.cname = cname
        response.reserveCapacity(256)
    }

    package var peerCount: Int { peers.count }

    /// Applies one command of the control plane.
    package mutating func apply(_ command: EngineCommand, now: MonotonicTime, into slab: inout SendSlab) {
        switch command {
        case .addPeer(let id, let parameters, let part):
            addPeer(id, parameters, part, now: now)
        case .removePeer(let id):
            guard let slot = slots[id] else { return }
            sendGoodbye(slot, into: &slab)
            peers[slot].transport.close()
            flushHandshake(slot, now: now, into: &slab)
            remove(slot)
        case .restartICE(let id, let local, let remoteUfrag):
            guard let slot = slots[id], peers[slot].transport.outboundPort == nil else { return }
            announce(ufrag: Array(local.ufrag.utf8), of: slot)
            peers[slot].transport.restart(local: local, remoteUfrag: remoteUfrag)
        case .addTrack(let ring):
            if feeds[ring.track] == nil { feeds[ring.track] = forwarder.addFeed(ring) }
        case .removeTrack(let track):
            guard let feed = feeds.removeValue(forKey: track) else { return }
            forwarder.removeFeed(feed)
        case .subscribe(let id, let mediaIndex, let track, let gate, let payloadTypes):
            guard let line = line(id, mediaIndex), let feed = feeds[track] else { return }
            let before = forwarder.lines[line].feed
            forwarder.subscribe(line, feed: feed, gate: gate, payloadTypes: payloadTypes, now: now)
            if before >= 0 { forwarder.setReader(feed: before, loop: loop) }
            forwarder.setReader(feed: feed, loop: loop)
        case .unsubscribe(let id, let mediaIndex):
            guard let line = line(id, mediaIndex) else { return }
            let feed = forwarder.lines[line].feed
            forwarder.unsubscribe(line)
            if feed >= 0 { forwarder.setReader(feed: feed, loop: loop) }
        case .admit(let id, let mediaIndex, let admission):
            forwarder.admit(line(id, mediaIndex), admission)
        case .announcePath(let path, let owner):
            // The newest authenticated check decides whose path it is.
            paths[path] = nil
            foreignPaths.announce(path, loop: owner, now: now)
        case .setSlates(let slates):
            forwarder.setSlates(slates)
        case .carry(let id, let mediaIndex, let carried):
            guard let line = line(id, mediaIndex) else { return }
            forwarder.carry(carried, on: line)
        case .carriedApplied(let id, let track, let number):
            guard let slot = slots[id] else { return }
            peers[slot].publisher?.carriedApplied(number, of: track)
        }
    }

    /// Forwards what is due; `false` if the slab is full: send, clear, call again.
    package mutating func forward(now: MonotonicTime, sweep: Bool, into slab: inout SendSlab) -> Bool {
        let isDone = forwarder.forward(now: now, sweep: sweep, into: &slab)
        for change in forwarder.takeChanges() {
            guard let slot = viewerSlots[change.viewer] else { continue }
            events.append(
                .line(
                    peers[slot].id,
                    mediaIndex: change.mediaIndex,
                    change.state,
                    isThinned: change.isThinned
                )
            )
        }
        return isDone
    }

    /// Takes the events since the last call; the slab has been sent and cleared.
    package mutating func takeEvents(after slab: borrowing SendSlab) -> [EngineEvent] {
        if forwarder.accounts.hasReports {
            events.append(.counted(forwarder.accounts.takeReports(after: slab)))
        }
        guard !events.isEmpty else { return [] }
        let taken = events
        events = []
        return taken
    }

    /// Takes the loops to wake since the last call.
    package mutating func takeWakes() -> UInt64 {
        defer { wakes = 0 }
        return wakes
    }

    mutating func drop(_ reason: DropReason) {
        counters.drops[Int(reason.rawValue)] += 1
    }

    /// Counts a datagram that could not be handed over to its loop.
    package mutating func countHandOverFull() { drop(.handOverFull) }

    // MARK: Peers

    /// The peer's slot per viewer slot of the forwarder.
    var viewerSlots: [Int: Int] = [:]

    private mutating func addPeer(
        _ id: PeerID,
        _ parameters: PeerTransportParameters,
        _ part: PeerPart,
        now: MonotonicTime
    ) {
        guard slots[id] == nil, peers.count < Self.peerLimit, isFree(parameters.outbound?.port) else {
            events.append(.ended(id, .refused))
            return
        }
        var viewer = -1
        var publisher: PublisherIngest?
        switch part {
        case .publisher(let ingest): publisher = PublisherIngest(ingest)
        case .viewer(let lines): viewer = forwarder.addViewer(lines)
        }
        let slot = peers.insert(
            Peer(
                id: id,
                transport: PeerTransport(parameters, identity: identity, now: now),
                viewer: viewer,
                publisher: publisher,
                control: nil,
                createdAt: now
            )
        )
        slots[id] = slot
        attentive.append(slot)
        if let port = parameters.outbound?.port {
            outboundSlots[port] = slot
        } else {
            announce(ufrag: Array(parameters.local.ufrag.utf8), of: slot)
        }
        if viewer >= 0 { viewerSlots[viewer] = slot }
    }

    /// Makes checks that name `ufrag` the peer's; of earlier ones only the last stays.
    private mutating func announce(ufrag: [UInt8], of slot: Int) {
        if peers[slot].ufrags.count >= 2 { ufrags[peers[slot].ufrags.removeFirst()] = nil }
        peers[slot].ufrags.append(ufrag)
        ufrags[ufrag] = slot
    }

    /// The slot of a track in the forwarder.
    func feed(of track: TrackID) -> Int? { feeds[track] }

    /// The peer that a STUN username names.
    func slot(ofUfrag ufrag: [UInt8]) -> Int? { ufrags[ufrag] }

    private func line(_ id: PeerID, _ mediaIndex: Int) -> Int? {
        guard let slot = slots[id], peers[slot].viewer >= 0 else { return nil }
        let lines = forwarder.viewers[peers[slot].viewer].lines
        return lines.indices.contains(mediaIndex) ? lines[mediaIndex] : nil
    }

    mutating func remove(_ slot: Int) {
        let id = peers[slot].id
        if peers[slot].viewer >= 0 {
            let lines = forwarder.viewers[peers[slot].viewer].lines
            let fedFrom = lines.map { forwarder.lines[$0].feed }
            viewerSlots[peers[slot].viewer] = nil
            forwarder.removeViewer(peers[slot].viewer)
            for feed in fedFrom where feed >= 0 { forwarder.setReader(feed: feed, loop: loop) }
        }
        attentive.removeAll { $0 == slot }
        for path in peers[slot].paths where paths[path] == slot { paths[path] = nil }
        for ufrag in peers[slot].ufrags { ufrags[ufrag] = nil }
        freePort(of: slot)
        slots[id] = nil
        _ = peers.remove(slot)
    }

    /// Sends what the handshake has to say, and takes the keys when it is done.
    mutating func flushHandshake(_ slot: Int, now: MonotonicTime, into slab: inout SendSlab) {
        while let (datagram, path) = peers[slot].transport.nextOutgoing(now: now) {
            slab.append(datagram, to: path.remote, from: path.local)
        }
        guard !peers[slot].transport.isEstablished else { return }
        let inboundSources = peers[slot].publisher == nil ? 0 : InboundProtection.defaultMaximumSources
        guard
            let outbound = peers[slot].transport.takeOutbound(now: now, inboundSources: inboundSources)
        else { return }
        if peers[slot].viewer >= 0 {
            forwarder.viewers[peers[slot].viewer].protection = consume outbound
            setPath(slot, peers[slot].transport.selectedPath)
        } else {
            peers[slot].control = consume outbound
        }
        let nominated = peers[slot].nominatedAt ?? now
        events.append(
            .connected(
                peers[slot].id,
                iceMilliseconds: nominated.milliseconds(since: peers[slot].createdAt),
                dtlsMilliseconds: now.milliseconds(since: nominated)
            )
        )
    }

    /// Points a viewer's media at a path, or at none.
    mutating func setPath(_ slot: Int, _ path: ICEPair?) {
        let viewer = peers[slot].viewer
        guard viewer >= 0 else { return }
        let wasReady = forwarder.viewers[viewer].isReady
        forwarder.viewers[viewer].remote = path?.remote
        forwarder.viewers[viewer].local = path?.local
        if !wasReady, forwarder.viewers[viewer].isReady { forwarder.noteReady(viewer: viewer) }
    }
}
