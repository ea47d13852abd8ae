import CLinuxNet
import Primitives
import RelayEngine
import Rooms
import Synchronization

extension MediaLoop: GraceConsumer {
    func hasPassed(_ number: UInt64) -> Bool { quiescent.hasPassed(number) }

    /// A loop that does not sleep comes to its next quiescent point by itself.
    func noteGrace() {}

    /// Takes the sockets away from a loop that is not quiescent in time: whatever it does then, nothing leaves.
    ///
    /// Answers whether they are away.
    func cutOff() -> Bool {
        sockets.withLock { sockets in
            guard !sockets.isCutOff else { return true }
            hasBeenCut.store(true, ordering: .releasing)
            for socket in sockets.outbound.values {
                guard tally_cut_off(socket.descriptor, nothing) == 0 else { return false }
            }
            // Last: where it is away, the others are.
            sockets.isCutOff = tally_cut_off(descriptor.load(ordering: .relaxed), nothing) == 0
            return sockets.isCutOff
        }
    }

    /// A loop that was cut off opens a new socket once it runs again; its peers find it at the same port.
    ///
    /// Outbound sockets do not come back: their peers end. What the slab holds was read before, and the withdrawal
    /// may be acknowledged by now: it must not leave by the new socket.
    func recover(_ engine: inout RelayEngine, _ slab: inout SendSlab) {
        guard hasBeenCut.load(ordering: .acquiring) else { return }
        slab.clear()
        let lost = sockets.withLock { sockets in
            let lost = sockets.outbound
            for (port, socket) in lost { forget(port, socket) }
            sockets.outbound = [:]
            if sockets.isCutOff {
                guard let (socket, _) = try? Self.open(bindAddress, reusesPort: reusesPort) else {
                    return lost
                }
                let old = descriptor.exchange(socket, ordering: .relaxed)
                sockets.isCutOff = false
                tally_close(old)
            }
            hasBeenCut.store(false, ordering: .releasing)
            return lost
        }
        guard !lost.isEmpty else { return }
        let now = SystemClock.monotonic
        for port in lost.keys { engine.loseOutboundSocket(port, now: now) }
    }
}
