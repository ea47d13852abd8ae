import DTLSHandshakes
import ICELite
import PeerTransports
import Primitives
import RelayEngine
import Rooms

/// Servers to which the relay connects.
extension Simulation {
    /// Connects the relay to a server, which gets the media of all publishers there are.
    @discardableResult
    func addServer(
        loop: Int,
        port: UInt16 = 50_000,
        server: ServerHabits = ServerHabits()
    ) -> SimulatedServer {
        let (relay, own) = (credentials(loop: loop), credentials(loop: loop))
        let id = PeerID(nextClient)
        let peer = SimulatedServer(
            self,
            id: id,
            address: newAddress(),
            port: port,
            loop: loop,
            local: own,
            remote: relay,
            server: server
        )
        nextClient += 1
        viewers.append(peer)
        let dead = (0..<server.deadCandidates).map {
            SocketAddress(ipv4: 0xC633_6400 + UInt32($0), port: 9)
        }
        for address in dead { silentAddresses.insert(address) }
        let parameters = PeerTransportParameters(
            local: relay,
            remoteUfrag: own.ufrag,
            role: server.role == .client ? .server : .client,
            remoteFingerprints: [identities.client.fingerprint],
            outbound: OutboundChecks(
                remote: own,
                candidates: dead + [peer.address],
                tieBreaker: 7,
                port: port
            )
        )
        loops[loop].post([.addPeer(id, parameters, .viewer(peer.lines))])
        for (number, publisher) in publishers.enumerated() {
            subscribe(peer, mediaIndex: 2 * number, to: publisher.audio)
            subscribe(peer, mediaIndex: 2 * number + 1, to: publisher.video)
        }
        schedule(peer)
        return peer
    }

    func sendToOutboundPort(_ port: UInt16, _ datagram: [UInt8], from address: SocketAddress) {
        travel { [unowned self] in deliverToOutboundPort(port, datagram, from: address) }
    }

    /// Puts a datagram on an outbound socket at once, from whatever address it claims to be.
    func deliverToOutboundPort(_ port: UInt16, _ datagram: [UInt8], from address: SocketAddress) {
        let servers = viewers.compactMap { $0 as? SimulatedServer }
        guard let owner = servers.first(where: { $0.port == port }) else { return }
        loops[owner.loop].receive(
            datagram,
            ICEPair(remote: address, local: Self.relayAddress.with(port: port)),
            handedOverBy: nil,
            isOutbound: true
        )
    }

    /// Whether a datagram leaves by the socket that it should.
    func mayLeave(_ datagram: [UInt8], to remote: SocketAddress, from local: SocketAddress) -> Bool {
        if silentAddresses.contains(remote) { return datagram[0] < 4 }
        guard let server = clients[remote] as? SimulatedServer else { return local == Self.relayAddress }
        // A check leaves before it is known by which address of ours the server is reached.
        let isCheck = datagram[0] < 4 && local == SocketAddress(ipv4: 0, port: server.port)
        return isCheck || local == Self.relayAddress.with(port: server.port)
    }
}
