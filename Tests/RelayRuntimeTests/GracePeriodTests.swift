import DTLSHandshakes
import Glibc
import Primitives
import RelayRuntime
import Testing

@Suite("Grace periods of real media loops", .serialized)
struct GracePeriodTests {
    private static let loopback = SocketAddress(ipv4: 0x7F00_0001, port: 0)

    private static func start(_ stall: LoopStall, loops: Int = 1) throws -> DataPlane {
        let plane = try DataPlane(bind: loopback, loopCount: loops) { _, _ in stall.happen() }
        plane.start(identity: try DTLSIdentity(validFrom: SystemClock.wall), controlSSRC: 1, cname: "test")
        return plane
    }

    @Test func sleepingLoopsHoldNothing() async throws {
        let plane = try Self.start(LoopStall(), loops: 3)
        #expect(await plane.gracePeriod() == 0)
        await plane.stop()
    }

    /// Only then is the withdrawal acknowledged: whatever the loop held cannot leave any more.
    @Test func stalledLoopLosesItsSocketAfterASecondAndGetsAnotherOne() async throws {
        let stall = LoopStall()
        let plane = try Self.start(stall)
        await stall.begin(in: plane)
        #expect(LoopStall.portIsTaken(plane.port))

        let asked = SystemClock.monotonic
        #expect(await plane.gracePeriod() == 1)
        let waited = SystemClock.monotonic.milliseconds(since: asked)
        #expect(waited >= DataPlane.graceMilliseconds, "\(waited) ms: it has its second")
        #expect(!LoopStall.portIsTaken(plane.port), "the socket is gone while the loop still stands")
        #expect(await plane.gracePeriod() == 1, "and it stays gone")

        stall.end()
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: 5_000)
        while !LoopStall.portIsTaken(plane.port), SystemClock.monotonic < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(LoopStall.portIsTaken(plane.port), "the loop runs again and has opened its port")
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
