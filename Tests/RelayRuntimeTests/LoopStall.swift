import DTLSHandshakes
import Dispatch
import ICELite
import PeerTransports
import Primitives
import RelayEngine
import RelayRuntime
import Synchronization
import Testing

/// Holds a media loop in its event callback, which is within a turn: nothing says that it is quiescent.
final class LoopStall: Sendable {
    private let isArmed = Atomic<Bool>(false)
    private let begun = DispatchSemaphore(value: 0)
    private let release = DispatchSemaphore(value: 0)

    /// To be called by the loops' event callback.
    func happen() {
        guard isArmed.exchange(false, ordering: .sequentiallyConsistent) else { return }
        begun.signal()
        release.wait()
    }

    /// Makes loop 0 report an event, a peer that it cannot take twice, and waits until it is held.
    func begin(in plane: DataPlane) async {
        isArmed.store(true, ordering: .sequentiallyConsistent)
        let parameters = PeerTransportParameters(
            local: ICECredentials(ufrag: "0abcdefg", password: "0123456789abcdefghijklmn"),
            remoteUfrag: "peer",
            role: .server,
            remoteFingerprints: []
        )
        let command = EngineCommand.addPeer(PeerID(1), parameters, .viewer([]))
        #expect(plane.post([command, command], to: 0))
        await Task.detached { [begun] in begun.wait() }.value
    }

    func end() { release.signal() }

    /// Whether a socket of this process, or another's, has the port.
    static func portIsTaken(_ port: UInt16) -> Bool {
        let loopback = SocketAddress(ipv4: 0x7F00_0001, port: port)
        return (try? DataPlane(bind: loopback, loopCount: 1) { _, _ in }) == nil
    }
}
