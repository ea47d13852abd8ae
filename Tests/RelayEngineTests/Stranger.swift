import ICELite
import Primitives

/// Somebody without credentials, who can send from any address and has listened.
struct Stranger {
    unowned let simulation: Simulation
    let address = SocketAddress(ipv4: 0xCB00_7101, port: 40_000)

    enum Attempt: CaseIterable {
        case noise
        case emptyCheck
        case unknownUfrag
        case wrongPassword
        case noIntegrity
        case noFingerprint
        case overheard
        case otherPeersPackets
        case noiseFromAPeersAddress
    }

    func attempt(_ attempt: Attempt) {
        let clients = (simulation.publishers as [SimulatedClient]) + simulation.viewers
        let victim = clients[Int(simulation.random.number(0...Int64(clients.count - 1)))]
        switch attempt {
        case .noise:
            simulation.deliverToRelay(noise(), from: address)
        case .emptyCheck, .unknownUfrag, .wrongPassword, .noIntegrity, .noFingerprint:
            simulation.deliverToRelay(check(attempt, of: victim), from: address)
        case .overheard:
            guard let datagram = victim.overheard.randomElement(using: &simulation.random) else { return }
            simulation.deliverToRelay(datagram, from: address)
        case .otherPeersPackets:
            // SRTP of one peer as if another had sent it; handshakes in the clear could be disturbed so.
            let other = clients[Int(simulation.random.number(0...Int64(clients.count - 1)))]
            guard other !== victim, victim.isEstablished, let datagram = other.overheard.last,
                datagram[0] >= 128
            else { return }
            simulation.deliverToRelay(datagram, from: victim.address)
        case .noiseFromAPeersAddress:
            var bytes = noise()
            bytes[0] = [0x80, 0x90, 0x81, 0x00][Int(simulation.random.number(0...3))]
            simulation.deliverToRelay(bytes, from: victim.address)
        }
    }

    private func noise() -> [UInt8] {
        (0..<simulation.random.number(1...200)).map { _ in UInt8(truncatingIfNeeded: simulation.random.next())
        }
    }

    private func check(_ attempt: Attempt, of victim: SimulatedClient) -> [UInt8] {
        var writer = STUNWriter(.request, transactionID: STUNTransactionID(using: &simulation.random))
        if attempt != .emptyCheck {
            let username =
                attempt == .unknownUfrag ? "A1234567:none" : "\(victim.remote.ufrag):\(victim.local.ufrag)"
            writer.addUsername(Array(username.utf8))
            writer.addICEControlling(tieBreaker: 1)
            writer.addUseCandidate()
            if attempt != .noIntegrity {
                let password = attempt == .wrongPassword ? "not the password" : victim.remote.password
                writer.addMessageIntegrity(password: password.utf8)
            }
            if attempt != .noFingerprint { writer.addFingerprint() }
        } else {
            writer.addFingerprint()
        }
        return writer.bytes
    }
}
