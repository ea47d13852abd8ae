import CLinuxNet
import Primitives
import RelayRuntime

/// A peer's place in its loop.
package struct PeerNumber: Hashable, Sendable {
    let index: Int
}

/// The sockets and peers of one loop; only its thread holds this.
package final class LoopPeers {
    /// How a peer gets its socket.
    package enum SocketUse: Sendable {
        /// A socket of its own.
        case own
        /// A socket for all such peers, each with a loopback address (127.0.0.0/8) of its own.
        ///
        /// Cheaper to receive from, and only for servers on this machine's loopback.
        case sharedLoopback
    }

    /// One socket and whom it serves.
    private final class Seat {
        let socket: ClientSocket
        /// The peer of a socket of its own; -1 for a shared one.
        let only: Int
        /// The peers of a shared socket, by how far their address is above `firstLoopback`.
        var byLoopback: [Int] = []

        init(_ socket: ClientSocket, only: Int) {
            self.socket = socket
            self.only = only
        }

        /// The peer whose packets arrive at `local`; -1 for none.
        @inline(__always)
        func peer(at local: SocketAddress) -> Int {
            guard only < 0 else { return only }
            let offset = Int(local.low) - Int(LoopPeers.firstLoopback)
            return offset >= 0 && offset < byLoopback.count ? byLoopback[offset] : -1
        }
    }

    /// 127.1.0.1 and up, clear of the addresses that servers listen on.
    private static let firstLoopback: UInt32 = 127 << 24 | 1 << 16 | 1
    /// Sockets that are looked at in one turn; what else is ready is reported by the next.
    private static let readyCount = 64

    private let poller: Int32
    private let memory: ReceiveMemory
    private let scratch = PacketScratch()
    private let slab = SendSlab()
    private var seats: [Int: Seat] = [:]
    private var nextSeat = 1
    private var sharedSeat: Int?
    /// By number; those that were removed leave their place empty.
    private var peers: [ClientPeer?] = []
    private var seatOfPeer: [Int] = []
    private var timers = TimerQueue()
    /// Peers that something has happened to since they were last called.
    private var touched: [Int] = []
    private var ready = [UInt32](repeating: 0, count: readyCount)
    package private(set) var count = 0

    /// The wake-up descriptor's number in the poller.
    private static let wakeNumber: UInt32 = 0

    init(wakeDescriptor: Int32) throws(LoopError) {
        poller = tally_poller_open()
        guard poller >= 0 else { throw .socket(errno: -poller) }
        memory = try ReceiveMemory()
        let result = tally_poller_add(poller, wakeDescriptor, Self.wakeNumber)
        guard result == 0 else { throw .socket(errno: -result) }
    }

    deinit {
        tally_close(poller)
    }

    /// The peer of that number, until it is removed.
    package subscript(number: PeerNumber) -> ClientPeer? {
        number.index < peers.count ? peers[number.index] : nil
    }

    /// Starts a peer: its first check leaves at once.
    package func add(
        _ parameters: PeerParameters,
        media: any PeerMedia,
        socketUse: SocketUse = .own
    ) throws(LoopError) -> PeerNumber {
        let now = SystemClock.monotonic
        let isIPv6 = parameters.candidates.first?.isIPv6 ?? false
        var usable = parameters
        // A socket is of one family.
        usable.candidates = parameters.candidates.filter { $0.isIPv6 == isIPv6 }
        let isShared: Bool
        switch socketUse {
        case .own: isShared = false
        case .sharedLoopback:
            isShared = !isIPv6 && !usable.candidates.isEmpty && usable.candidates.allSatisfy(\.isLoopback)
        }
        let index = peers.count
        let seat = try isShared ? sharedLoopbackSeat() : makeSeat(isIPv6: isIPv6, only: index)
        guard let entry = seats[seat] else { throw .stopped }
        var local = isIPv6 ? SocketAddress(ipv6High: 0, ipv6Low: 0, port: 0) : SocketAddress(ipv4: 0, port: 0)
        if isShared {
            let port = UInt16(truncatingIfNeeded: max(0, tally_udp_port(entry.socket.descriptor)))
            local = SocketAddress(
                ipv4: Self.firstLoopback + UInt32(entry.byLoopback.count),
                port: port
            )
            entry.byLoopback.append(index)
        }
        let peer = ClientPeer(
            usable,
            media: media,
            socket: entry.socket,
            local: local,
            scratch: scratch,
            slab: slab,
            now: now
        )
        peers.append(peer)
        seatOfPeer.append(seat)
        count += 1
        timers.set(index, due: peer.tick(now: now))
        return PeerNumber(index: index)
    }

    /// Ends a peer and forgets it.
    package func remove(_ number: PeerNumber) {
        guard let peer = self[number] else { return }
        peers[number.index] = nil
        count -= 1
        timers.set(number.index, due: .distantFuture)
        peer.close()
        let seat = seatOfPeer[number.index]
        guard let entry = seats[seat] else { return }
        if entry.only == number.index {
            tally_poller_remove(poller, entry.socket.descriptor)
            seats[seat] = nil
        } else if entry.peer(at: peer.local) == number.index {
            entry.byLoopback[Int(peer.local.low) - Int(Self.firstLoopback)] = -1
        }
    }

    /// Lets the peer be called before it had asked to be.
    package func hasWork(_ number: PeerNumber) {
        guard let peer = self[number] else { return }
        peer.wake(at: .distantPast)
        touched.append(number.index)
    }

    func removeAll() {
        for index in peers.indices { remove(PeerNumber(index: index)) }
    }

    /// The local ports of all sockets.
    package var ports: [UInt16] {
        seats.values.map { UInt16(truncatingIfNeeded: max(0, tally_udp_port($0.socket.descriptor))) }
    }

    // MARK: One turn

    /// Waits for datagrams, a wake-up or the next due time; answers how many sockets are ready.
    func wait() -> Int {
        let due = touched.isEmpty ? timers.nextDue() : .distantPast
        let wait = due == .distantFuture ? -1 : max(0, due.nanoseconds(since: SystemClock.monotonic))
        return Int(max(0, tally_poller_wait(poller, wait, &ready, Int32(ready.count))))
    }

    /// The number of the socket that is ready at `place`.
    func readyNumber(_ place: Int) -> UInt32 { ready[place] }

    static func isWake(_ number: UInt32) -> Bool { number == wakeNumber }

    /// Receives from the socket with that number.
    func receive(_ number: UInt32) {
        guard let seat = seats[Int(number)] else { return }
        let now = SystemClock.monotonic
        memory.receive(from: seat.socket) { datagram, remote, local, receivedAt in
            let index = seat.peer(at: local)
            guard index >= 0, let peer = peers[index] else { return }
            let wasTouched = peer.needsTick
            peer.receive(datagram, from: remote, receivedAt: receivedAt, now: now)
            if peer.needsTick, !wasTouched { touched.append(index) }
        }
    }

    /// Calls the peers that are due, or that something has happened to.
    func tick() {
        let now = SystemClock.monotonic
        if !touched.isEmpty {
            let numbers = touched
            touched.removeAll(keepingCapacity: true)
            for index in numbers { tick(index, now: now) }
        }
        while let index = timers.takeDue(now: now) { tick(index, now: now) }
    }

    private func tick(_ index: Int, now: MonotonicTime) {
        guard let peer = peers[index] else { return }
        // A peer that is never content is called once a turn and not for ever.
        timers.set(index, due: max(peer.tick(now: now), now.advanced(byNanoseconds: 1)))
    }

    private func makeSeat(isIPv6: Bool, only: Int) throws(LoopError) -> Int {
        let socket = try ClientSocket(isIPv6: isIPv6)
        let number = nextSeat
        nextSeat += 1
        let result = tally_poller_add(poller, socket.descriptor, UInt32(number))
        guard result == 0 else { throw .socket(errno: -result) }
        seats[number] = Seat(socket, only: only)
        return number
    }

    private func sharedLoopbackSeat() throws(LoopError) -> Int {
        if let sharedSeat { return sharedSeat }
        let seat = try makeSeat(isIPv6: false, only: -1)
        sharedSeat = seat
        return seat
    }
}
