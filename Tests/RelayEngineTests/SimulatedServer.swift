import DTLSHandshakes
import ICELite
import Primitives
import Rooms

/// How a server behaves to which the relay connects.
struct ServerHabits {
    /// It is no lite agent: it checks the relay too.
    var checksToo = false
    /// In its checks it claims the relay's role.
    var claimsControl = false
    var answersChecks = true
    /// Addresses that stand before its own in its answer, and at which nobody is.
    var deadCandidates = 0
    /// Its handshakes' role.
    var role = DTLSRole.server
}

/// A WHIP server that the relay pushes to, by a port of the relay's that is this push's own.
final class SimulatedServer: SimulatedViewer {
    private static let checkMilliseconds: Int64 = 100

    let port: UInt16
    var server: ServerHabits
    private var agent: ICELiteAgent
    private var nextCheck = MonotonicTime.distantPast
    /// Of its own checks.
    private(set) var successes = 0
    private(set) var refusals: [UInt16] = []
    /// What it answered to the relay's checks.
    private(set) var answers: [[UInt8]] = []
    /// Datagrams that reached it and are no STUN.
    private(set) var receivedBeyondChecks = 0

    init(
        _ simulation: Simulation,
        id: PeerID,
        address: SocketAddress,
        port: UInt16,
        loop: Int,
        local: ICECredentials,
        remote: ICECredentials,
        server: ServerHabits
    ) {
        self.port = port
        self.server = server
        agent = ICELiteAgent(local: local, remoteUfrag: remote.ufrag)
        super.init(
            simulation,
            id: id,
            address: address,
            loop: loop,
            local: local,
            remote: remote,
            role: server.role,
            identity: simulation.identities.client,
            habits: ViewerHabits(),
            audience: AudienceID(1),
            publisherCount: simulation.publishers.count
        )
        sendsChecks = false
    }

    private var relay: SocketAddress { Simulation.relayAddress.with(port: port) }

    override var hasPath: Bool { agent.selected != nil }

    override func transmit(_ datagram: [UInt8]) {
        simulation.sendToOutboundPort(port, datagram, from: address)
    }

    override func tick() {
        if !isDead, server.checksToo, simulation.now >= nextCheck {
            nextCheck = simulation.now.advanced(byMilliseconds: Self.checkMilliseconds)
            send(check())
        }
        super.tick()
    }

    /// One of its own checks.
    func check(password: String? = nil) -> [UInt8] {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(using: &simulation.random))
        writer.addUsername(Array("\(remote.ufrag):\(local.ufrag)".utf8))
        writer.addPriority(1)
        if server.claimsControl {
            writer.addICEControlling(tieBreaker: .max)
            writer.addUseCandidate()
        } else {
            writer.addICEControlled(tieBreaker: 1)
        }
        writer.addMessageIntegrity(password: (password ?? remote.password).utf8)
        writer.addFingerprint()
        return writer.bytes
    }

    override func receive(_ datagram: [UInt8]) {
        if datagram[0] > 3 { receivedBeyondChecks += 1 }
        super.receive(datagram)
    }

    override func receivedSTUN(_ datagram: [UInt8]) {
        if STUNMessage.isResponse(datagram.span.bytes) { return noteAnswer(datagram) }
        guard server.answersChecks else { return }
        var response: [UInt8] = []
        _ = agent.receive(
            datagram.span.bytes,
            from: relay,
            to: address,
            now: simulation.now,
            response: &response
        )
        guard !response.isEmpty else { return simulation.violate("a check that \(address) cannot take") }
        answers.append(response)
        send(response)
    }

    private func noteAnswer(_ datagram: [UInt8]) {
        let span = datagram.span.bytes
        guard let message = STUNMessage(span), message.hasValidFingerprint(in: span),
            message.hasValidIntegrity(in: span, password: remote.password.utf8)
        else { return simulation.violate("an answer that proves nothing") }
        if let code = message.errorCode { refusals.append(code) } else { successes += 1 }
    }
}
