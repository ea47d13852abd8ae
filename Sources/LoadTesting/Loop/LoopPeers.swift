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

    private struct Seat {
        let socket: ClientSocket
        /// The peer of a socket of its own.
        var only: Int?
        /// The peers of a shared socket by the local address of their packets.
        var byLocal: [SocketAddress: Int] = [:]
    }

    private let poller: Int32
    private let memory: ReceiveMemory
    private let scratch = PacketScratch()
    private var seats: [Int: Seat] = [:]
    private var nextSeat = 1
    private var sharedSeat: Int?
    private var peers: [Int: ClientPeer] = [:]
    private var seatOfPeer: [Int: Int] = [:]
    private var dues: [Int: MonotonicTime] = [:]
    private var nextPeer = 0
    /// 127.1.0.1 and up, clear of the addresses that servers listen on.
    private var nextLoopback: UInt32 = 127 << 24 | 1 << 16 | 1

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

    package var count: Int { peers.count }

    /// The peer of that number, until it is removed.
    package subscript(number: PeerNumber) -> ClientPeer? { peers[number.index] }

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
        let seat = try isShared ? sharedLoopbackSeat() : makeSeat(isIPv6: isIPv6)
        guard let socket = seats[seat]?.socket else { throw .stopped }
        let index = nextPeer
        nextPeer += 1
        var local = isIPv6 ? SocketAddress(ipv6High: 0, ipv6Low: 0, port: 0) : SocketAddress(ipv4: 0, port: 0)
        if isShared {
            let port = UInt16(truncatingIfNeeded: max(0, tally_udp_port(socket.descriptor)))
            local = SocketAddress(ipv4: nextLoopback, port: port)
            nextLoopback += 1
            seats[seat]?.byLocal[local] = index
        } else {
            seats[seat]?.only = index
        }
        let peer = ClientPeer(
            usable,
            media: media,
            socket: socket,
            local: local,
            scratch: scratch,
            now: now
        )
        peers[index] = peer
        seatOfPeer[index] = seat
        dues[index] = peer.tick(now: now)
        return PeerNumber(index: index)
    }

    /// Ends a peer and forgets it.
    package func remove(_ number: PeerNumber) {
        guard let peer = peers.removeValue(forKey: number.index) else { return }
        peer.close()
        dues[number.index] = nil
        guard let seat = seatOfPeer.removeValue(forKey: number.index), let entry = seats[seat] else { return }
        if entry.only == number.index {
            tally_poller_remove(poller, entry.socket.descriptor)
            seats[seat] = nil
        } else {
            seats[seat]?.byLocal[peer.local] = nil
        }
    }

    /// Lets the peer be called before it had asked to be.
    package func hasWork(_ number: PeerNumber) {
        peers[number.index]?.wake(at: .distantPast)
        dues[number.index] = .distantPast
    }

    func removeAll() {
        for index in Array(peers.keys) { remove(PeerNumber(index: index)) }
    }

    // MARK: One turn

    /// When the next peer wants to be called.
    var nextDue: MonotonicTime { dues.values.min() ?? .distantFuture }

    /// Waits for datagrams, a wake-up or the next due time, and answers whether the wake-up came.
    func wait() -> [UInt32] {
        let due = nextDue
        let wait = due == .distantFuture ? -1 : max(0, due.nanoseconds(since: SystemClock.monotonic))
        var numbers = [UInt32](repeating: 0, count: 64)
        let count = tally_poller_wait(poller, wait, &numbers, Int32(numbers.count))
        return Array(numbers.prefix(Int(max(0, count))))
    }

    static func isWake(_ number: UInt32) -> Bool { number == wakeNumber }

    /// Receives from the socket with that number.
    func receive(_ number: UInt32) {
        guard let seat = seats[Int(number)] else { return }
        let now = SystemClock.monotonic
        var touched: Set<Int> = []
        memory.receive(from: seat.socket) { datagram, remote, local, receivedAt in
            guard let index = seat.only ?? seat.byLocal[local], let peer = peers[index] else { return }
            peer.receive(datagram, from: remote, receivedAt: receivedAt, now: now)
            touched.insert(index)
        }
        // What came may have changed what is due: an answered check, a handshake that is done.
        for index in touched { dues[index] = .distantPast }
    }

    /// Calls the peers that are due.
    func tick() {
        let now = SystemClock.monotonic
        for (index, due) in dues where due <= now {
            dues[index] = peers[index]?.tick(now: now)
        }
    }

    private func makeSeat(isIPv6: Bool) throws(LoopError) -> Int {
        let socket = try ClientSocket(isIPv6: isIPv6)
        let number = nextSeat
        nextSeat += 1
        let result = tally_poller_add(poller, socket.descriptor, UInt32(number))
        guard result == 0 else { throw .socket(errno: -result) }
        seats[number] = Seat(socket: socket)
        return number
    }

    private func sharedLoopbackSeat() throws(LoopError) -> Int {
        if let sharedSeat { return sharedSeat }
        let seat = try makeSeat(isIPv6: false)
        sharedSeat = seat
        return seat
    }
}
