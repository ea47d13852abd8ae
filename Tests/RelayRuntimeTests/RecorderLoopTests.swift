import Disclosures
import MediaRings
import Primitives
import RelayRuntime
import Rooms
import Testing

@Suite("The recorder's thread", .serialized)
struct RecorderLoopTests {
    @Test func aRecorderThatFollowsNothingHoldsNothing() async throws {
        let track = try RecordedTrack()
        #expect(await track.plane.gracePeriod() == 0)
        track.publish()
        #expect(track.plane.captureCounters?.packets == 0)
        await track.plane.stop()
    }

    @Test func capturesWithoutBeingWoken() async throws {
        let track = try RecordedTrack()
        track.follow()
        try track.open()
        for _ in 0..<20 { _ = try await track.record() }
        #expect(track.disk.present.captured == Array(1...20))
        #expect(track.ring.readerLoops == 0, "no publisher knows of it")
        try await track.waitUntil { track.states == [.capturing] }
        await track.plane.stop()
    }

    @Test func whatWasReadBeforeAWithdrawalIsWrittenBeforeTheGracePeriodEnds() async throws {
        let track = try RecordedTrack()
        track.follow()
        for round in 1...50 as ClosedRange<UInt64> {
            try track.open(account: round)
            _ = try await track.record()
            track.gate.close()
            #expect(await track.plane.gracePeriod() == 0)
            let state = track.disk.present
            #expect(state.open.isEmpty && state.queue.isEmpty)
            #expect(state.written == state.captured)
            track.publish()
        }
        #expect(track.disk.present.ends == [CaptureEnd](repeating: .withheld, count: 50))
        await track.plane.stop()
    }

    @Test func aGracePeriodWaitsForASlowDisk() async throws {
        let track = try RecordedTrack()
        track.follow()
        try track.open()
        let number = try await track.record()
        track.disk.holdWrites(true)
        track.gate.close()
        let asked = SystemClock.monotonic
        let plane = track.plane
        let grace = Task { await plane.gracePeriod() }
        try await track.wait { $0.askedFlush > 0 }
        try await Task.sleep(for: .milliseconds(100))
        #expect(track.disk.present.written.isEmpty)
        track.disk.holdWrites(false)
        #expect(await grace.value == 0)
        let waited = SystemClock.monotonic.milliseconds(since: asked)
        #expect((100..<DataPlane.graceMilliseconds).contains(waited), "\(waited) ms")
        #expect(track.disk.present.written == [number])
        await track.plane.stop()
    }

    @Test func aRecorderThatFollowsNothingAnyMoreSleepsOnceEverythingIsWritten() async throws {
        let track = try RecordedTrack()
        track.follow()
        try track.open()
        let number = try await track.record()
        track.disk.holdWrites(true)
        #expect(track.plane.post([.release(RecordedTrack.line)]))
        try await track.wait { $0.ends == [.released] }
        track.gate.close()
        let plane = track.plane
        let grace = Task { await plane.gracePeriod() }
        try await Task.sleep(for: .milliseconds(50))
        track.disk.holdWrites(false)
        #expect(await grace.value == 0)
        #expect(track.disk.present.written == [number], "and not only after the recorder's next work")
        await track.plane.stop()
    }

    /// Only then is the withdrawal acknowledged: nothing of it is written any more.
    @Test func aDiskThatWritesNothingForASecondIsCutOff() async throws {
        let track = try RecordedTrack()
        track.follow()
        try track.open()
        _ = try await track.record()
        track.disk.holdWrites(true)
        track.gate.close()
        let asked = SystemClock.monotonic
        #expect(await track.plane.gracePeriod() == 1)
        #expect(SystemClock.monotonic.milliseconds(since: asked) >= DataPlane.graceMilliseconds)
        track.disk.holdWrites(false)
        try await track.wait { $0.recoveries == 1 }
        #expect(await track.plane.gracePeriod() == 0)
        #expect(track.disk.present.written.isEmpty)
        try track.open(account: 2)
        let next = try await track.record()
        #expect(track.disk.present.captured.last == next, "what comes next is recorded again")
        await track.plane.stop()
    }

    @Test func aThreadThatStandsIsCutOffAndWhatItHoldsIsNotTaken() async throws {
        let track = try RecordedTrack()
        track.follow()
        try track.open()
        _ = try await track.record()
        await track.disk.holdThread { track.publish() }
        track.gate.close()
        #expect(await track.plane.gracePeriod() == 1)
        #expect(track.disk.present.captured == [1])
        track.disk.letGo()
        try await track.wait { $0.recoveries == 1 }
        #expect(track.disk.present.captured == [1], "the packet in its hands came to nothing")
        try track.open(account: 2)
        #expect(try await track.record() == 3)
        #expect(await track.plane.gracePeriod() == 0)
        await track.plane.stop()
    }

    @Test func stoppingEndsLinesWritesAndSaysTheLastCounts() async throws {
        let track = try RecordedTrack()
        track.follow()
        try track.open()
        for _ in 0..<3 { _ = try await track.record() }
        await track.plane.stop()
        let state = track.disk.present
        #expect(state.ends == [.released])
        #expect(state.written == [1, 2, 3])
        let last = try #require(track.reports.last)
        #expect(last.isFinal && last.packets == 3 && last.bytes == 120)
    }
}
