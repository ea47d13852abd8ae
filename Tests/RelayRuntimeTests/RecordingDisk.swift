import Dispatch
import MediaRings
import Primitives
import Rooms
import Synchronization

/// A sink whose disk the test holds up, or whose whole thread.
final class RecordingDisk: Sendable {
    struct State {
        var captured: [Int64] = []
        var written: [Int64] = []
        var ends: [CaptureEnd] = []
        var begun = 0
        var recoveries = 0
        var isCut = false
        var askedFlush: UInt64 = 0
        var doneFlush: UInt64 = 0
        /// Nothing is written while it is set.
        var isHeld = false
        /// Of stretches that have ended.
        var queue: [Int64] = []
        var open: [LineName: [Int64]] = [:]
    }

    fileprivate let state = Mutex(State())
    private let isArmed = Atomic<Bool>(false)
    private let begun = DispatchSemaphore(value: 0)
    private let release = DispatchSemaphore(value: 0)

    /// Holds the recorder's thread at its next packet, and waits until it is held.
    func holdThread(_ publish: () -> Void) async {
        isArmed.store(true, ordering: .sequentiallyConsistent)
        publish()
        await Task.detached { [begun] in begun.wait() }.value
    }

    func letGo() { release.signal() }

    fileprivate func pass() {
        guard isArmed.exchange(false, ordering: .sequentiallyConsistent) else { return }
        begun.signal()
        release.wait()
    }

    /// Has nothing more written until the sink recovers.
    func cutOff() -> Bool {
        state.withLock { state in
            state.isCut = true
            state.queue = []
            state.open = [:]
            state.doneFlush = state.askedFlush
        }
        return true
    }

    /// Has nothing written, or lets the disk go on.
    func holdWrites(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

    var present: State { state.withLock { $0 } }
}

/// The recorder's side of it.
struct DiskSink: CaptureSink {
    let disk: RecordingDisk

    mutating func begin(_ stretch: CaptureStretch) -> Bool {
        disk.state.withLock { state in
            guard !state.isCut else { return false }
            state.begun += 1
            state.open[stretch.line] = []
            return true
        }
    }

    mutating func take(_ packet: RingPacket, _ payload: RawSpan, of line: LineName) -> Bool {
        disk.pass()
        return disk.state.withLock { state in
            guard !state.isCut, state.open[line] != nil else { return false }
            state.captured.append(packet.sequence)
            state.open[line]?.append(packet.sequence)
            return true
        }
    }

    mutating func end(_ line: LineName, because end: CaptureEnd) {
        disk.state.withLock { state in
            state.ends.append(end)
            state.queue += state.open.removeValue(forKey: line) ?? []
        }
    }

    mutating func flush(_ number: UInt64) { disk.state.withLock { $0.askedFlush = number } }

    mutating func flushed() -> UInt64 {
        disk.state.withLock { state in
            guard !state.isHeld, !state.isCut else { return state.doneFlush }
            state.written += state.queue
            state.queue = []
            state.doneFlush = state.askedFlush
            return state.doneFlush
        }
    }

    mutating func takeKeyframeWishes() -> [LineName] { [] }

    mutating func recover() {
        disk.state.withLock { state in
            state.isCut = false
            state.recoveries += 1
        }
    }
}
