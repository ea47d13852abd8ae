import DTLSHandshakes
import Dispatch
import Foundation
import Glibc
import ICELite
import PeerTransports
import Primitives
import RelayEngine
import RelayRuntime
import Synchronization
import Testing

@Suite("Grace periods of real media loops", .serialized)
struct GracePeriodTests {
    /// Holds a media loop in its event callback, which is within a turn: nothing says that it is quiescent.
    private final class Stall: Sendable {
        private let isArmed = Atomic<Bool>(false)
        let begun = DispatchSemaphore(value: 0)
        let release = DispatchSemaphore(value: 0)

        func arm() { isArmed.store(true, ordering: .sequentiallyConsistent) }

        func happen() {
            guard isArmed.exchange(false, ordering: .sequentiallyConsistent) else { return }
            begun.signal()
            release.wait()
        }
    }

    private static let loopback = SocketAddress(ipv4: 0x7F00_0001, port: 0)

    private static func start(_ stall: Stall, loops: Int = 1) throws -> DataPlane {
        let plane = try DataPlane(bind: loopback, loopCount: loops) { _, _ in stall.happen() }
        plane.start(identity: try DTLSIdentity(validFrom: SystemClock.wall), controlSSRC: 1, cname: "test")
        return plane
    }

    /// Makes a loop report an event: a peer that it cannot take twice.
    private static func provoke(_ plane: DataPlane) {
        let parameters = PeerTransportParameters(
            local: ICECredentials(ufrag: "0abcdefg", password: "0123456789abcdefghijklmn"),
            remoteUfrag: "peer",
            role: .server,
            remoteFingerprints: []
        )
        let command = EngineCommand.addPeer(PeerID(1), parameters, .viewer([]))
        #expect(plane.post([command, command], to: 0))
    }

    private static func portIsTaken(_ port: UInt16) -> Bool {
        (try? DataPlane(bind: loopback.with(port: port), loopCount: 1) { _, _ in }) == nil
    }

    @Test func sleepingLoopsHoldNothing() async throws {
        let plane = try Self.start(Stall(), loops: 3)
        #expect(await plane.gracePeriod() == 0)
        await plane.stop()
    }

    /// Only then is the withdrawal acknowledged: whatever the loop held cannot leave any more.
    @Test func stalledLoopLosesItsSocketAfterASecondAndGetsAnotherOne() async throws {
        let stall = Stall()
        let plane = try Self.start(stall)
        stall.arm()
        Self.provoke(plane)
        await Task.detached { stall.begun.wait() }.value
        #expect(Self.portIsTaken(plane.port))

        let asked = SystemClock.monotonic
        #expect(await plane.gracePeriod() == 1)
        let waited = SystemClock.monotonic.milliseconds(since: asked)
        #expect(waited >= DataPlane.graceMilliseconds, "\(waited) ms: it has its second")
        #expect(!Self.portIsTaken(plane.port), "the socket is gone while the loop still stands")
        #expect(await plane.gracePeriod() == 1, "and it stays gone")

        stall.release.signal()
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: 5_000)
        while !Self.portIsTaken(plane.port), SystemClock.monotonic < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(Self.portIsTaken(plane.port), "the loop runs again and has opened its port")
        #expect(await plane.gracePeriod() == 0)
        await plane.stop()
    }

    @Test func clockOfLeasesCountsSuspendedTime() {
        var reading = timespec()
        clock_gettime(CLOCK_BOOTTIME, &reading)
        let before = Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec)
        let now = SystemClock.monotonic.nanoseconds
        clock_gettime(CLOCK_BOOTTIME, &reading)
        let after = Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec)
        #expect((before...after).contains(now))
    }
}
