import CLinuxNet
import Primitives
import RelayEngine
import Rooms
import Synchronization

/// Sockets of outbound peers: opened in the control plane's thread, used and closed in the loop's own.
extension MediaLoop {
    /// Only reports come in by it.
    private static let outboundReceiveBytes: Int32 = 256 << 10
    /// The media of one room's push, in the bursts in which a batch sends it.
    private static let outboundSendBytes: Int32 = 1 << 20

    // MARK: The control plane's thread

    func openOutbound() throws(DataPlaneError) -> UInt16 {
        let descriptor = try Self.openWildcard()
        let port = UInt16(truncatingIfNeeded: tally_udp_port(descriptor))
        let failure = sockets.withLock { sockets -> DataPlaneError? in
            // While the loop is cut off, what it holds must not find a way out by a new socket.
            guard !hasBeenCut.load(ordering: .acquiring) else { return .isCutOff(loop: number) }
            guard sockets.outbound.count < OutboundSockets.limit else {
                return .tooManyOutbound(loop: number)
            }
            let error = tally_poller_add(poller, descriptor, UInt32(port))
            guard error == 0 else { return .cannotWake(errno: -error) }
            sockets.outbound[port] = OutboundSocket(descriptor: descriptor)
            return nil
        }
        if let failure {
            tally_close(descriptor)
            throw failure
        }
        mailbox.noteSocket(port, isOpen: true)
        return port
    }

    private static func openWildcard() throws(DataPlaneError) -> Int32 {
        // An IPv6 wildcard serves IPv4 too; a system without IPv6 has the other.
        let addresses = [SocketAddress(ipv6High: 0, ipv6Low: 0, port: 0), SocketAddress(ipv4: 0, port: 0)]
        var error: Int32 = 0
        for address in addresses {
            var system = address.system
            let result = tally_udp_open(&system, 0, outboundReceiveBytes, outboundSendBytes, nil, nil)
            guard result < 0 else { return result }
            error = -result
        }
        throw .cannotBind(addresses[0], errno: error)
    }

    func closeOutbound(_ port: UInt16) {
        let isNew = sockets.withLock { sockets in
            guard sockets.outbound[port]?.isClosing == false else { return false }
            sockets.outbound[port]?.isClosing = true
            return true
        }
        if isNew { mailbox.noteSocket(port, isOpen: false) }
    }

    // MARK: The loop's thread

    /// Begins to use a socket that was opened for this loop.
    func adoptOutbound(_ port: UInt16) {
        // It may have been taken away since.
        outbound[port] = sockets.withLock { $0.outbound[port]?.descriptor }
    }

    /// Closes a socket that the control plane has done with.
    func releaseOutbound(_ port: UInt16, _ engine: inout RelayEngine, now: MonotonicTime) {
        sockets.withLock { sockets in
            // A socket of the same port that was opened since the wish is another one.
            guard let socket = sockets.outbound[port], socket.isClosing else { return }
            sockets.outbound[port] = nil
            forget(port, socket)
        }
        if outbound[port] == nil { engine.loseOutboundSocket(port, now: now) }
    }

    /// Under the lock: from here on its number may be any other file's.
    func forget(_ port: UInt16, _ socket: OutboundSocket) {
        outbound[port] = nil
        tally_poller_remove(poller, socket.descriptor)
        tally_close(socket.descriptor)
    }

    /// Receives what is there on the outbound sockets.
    func receiveOutbound(
        _ receiver: borrowing ReceiveLoop,
        _ engine: inout RelayEngine,
        _ slab: inout SendSlab,
        _ sender: inout SendLoop,
        _ statistics: inout LoopStatistics,
        now: MonotonicTime
    ) {
        let count = tally_poller_wait(poller, 0, &readablePorts, Int32(readablePorts.count))
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let port = UInt16(truncatingIfNeeded: readablePorts[index])
            guard let descriptor = outbound[port] else { continue }
            // What is left over, and an error too, the next wait finds again.
            _ = receiver.receive(
                from: descriptor,
                port: port,
                isOutbound: true,
                into: &engine,
                slab: &slab,
                now: now,
                full: { engine, slab in send(&slab, &engine, &sender, &statistics) },
                foreign: { _, _, _ in false }
            )
        }
    }
}
