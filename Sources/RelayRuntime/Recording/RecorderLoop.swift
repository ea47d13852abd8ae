import CLinuxNet
import Foundation
import Primitives
import Rooms
import Synchronization

/// The recorder's thread: one for all recordings, which polls the rings.
///
/// Rings do not know that it is there: no media loop wakes it, waits for it or is waited for by it.
// Safe because what other threads touch (mailbox, quiescent state, counters, flags) is synchronised by itself, and the
// rest belongs to the recorder's own thread.
final class RecorderLoop: @unchecked Sendable, GraceConsumer {
    /// How often rings are read while something is followed: the fastest publisher laps one in two seconds.
    static let pollMilliseconds: Int64 = 20
    /// How often the sink is asked while something is to be written that a withdrawal waits for.
    static let flushPollMilliseconds: Int64 = 1
    /// Turns in a row without looking at the mail: a backlog must not hold a grace period up.
    private static let turnsPerRound = 16
    /// How long the sink may take to write the rest when the recorder stops.
    private static let farewellMilliseconds: Int64 = 2_000

    let mailbox: RecorderMailbox
    let quiescent = QuiescentState()
    private let graceRequests: GraceRequests
    private let cutOffSink: @Sendable () -> Bool
    private let onEvents: @Sendable ([RecorderEvent]) -> Void
    private let hasBeenCut = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    private let published = Mutex(CaptureCounters())

    /// Throws `DataPlaneError.cannotWake`.
    init(
        graceRequests: GraceRequests,
        cutOffSink: @escaping @Sendable () -> Bool,
        onEvents: @escaping @Sendable ([RecorderEvent]) -> Void
    ) throws(DataPlaneError) {
        let wake = tally_event_open()
        guard wake >= 0 else { throw .cannotWake(errno: -wake) }
        mailbox = RecorderMailbox(wakeDescriptor: wake)
        self.graceRequests = graceRequests
        self.cutOffSink = cutOffSink
        self.onEvents = onEvents
    }

    /// Starts the thread, on which the sink is made and used.
    func start<Sink: CaptureSink & ~Copyable>(_ makeSink: @escaping @Sendable () -> Sink) {
        let thread = Thread { [self] in
            tally_lower_priority()
            run(makeSink())
        }
        thread.name = "recorder"
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Asks the thread to end.
    func stop() {
        mailbox.isStopping.store(true, ordering: .releasing)
        mailbox.wake()
    }

    var isEnded: Bool { hasEnded.load(ordering: .acquiring) }

    /// What was captured, as of the last turn.
    var counters: CaptureCounters { published.withLock { $0 } }

    // MARK: Grace periods

    func hasPassed(_ number: UInt64) -> Bool { quiescent.hasPassed(number) }

    func noteGrace() { mailbox.wake() }

    /// Has the sink write nothing more of what it holds, whatever the thread does then.
    func cutOff() -> Bool {
        let isCut = cutOffSink()
        // Afterwards: the thread must not have the sink recover from what is still to come.
        hasBeenCut.store(true, ordering: .sequentiallyConsistent)
        return isCut
    }

    // MARK: The thread

    /// The newest grace period that has begun.
    private var newestGrace: UInt64 { graceRequests.begun.load(ordering: .sequentiallyConsistent) }

    private func run<Sink: CaptureSink & ~Copyable>(_ sink: consuming Sink) {
        var sink = sink
        var recorder = Recorder()
        var flushes = CaptureFlushes(newestGrace: newestGrace)
        quiescent.pass(graceRequests.begun)
        while !mailbox.isStopping.load(ordering: .acquiring) {
            // Before any gate is looked at: what this grace period is about is closed then.
            let grace = newestGrace
            if hasBeenCut.exchange(false, ordering: .sequentiallyConsistent) { recorder.recover(into: &sink) }
            for command in mailbox.take() { recorder.apply(command, into: &sink) }
            capture(&recorder, into: &sink)
            if let passed = flushes.advance(grace, recorder, &sink) { quiescent.pass(upTo: passed) }
            tell(&recorder)
            sleep(recorder, flushes)
        }
        finish(&recorder, &sink, &flushes)
        quiescent.sleeps()
        hasEnded.store(true, ordering: .releasing)
    }

    /// Lets every line have its turn, and again while there is more.
    private func capture<Sink: CaptureSink & ~Copyable>(_ recorder: inout Recorder, into sink: inout Sink) {
        for _ in 0..<Self.turnsPerRound {
            // Each batch is read under a pass minted at its own time.
            while recorder.captureNext(SystemClock.reading, into: &sink) {}
            if !recorder.hasBacklog { return }
        }
    }

    private func tell(_ recorder: inout Recorder) {
        let events = recorder.takeEvents()
        if !events.isEmpty { onEvents(events) }
        let counters = recorder.counters
        published.withLock { $0 = counters }
    }

    private func sleep(_ recorder: borrowing Recorder, _ flushes: CaptureFlushes) {
        guard !recorder.hasBacklog else { return }
        guard recorder.isIdle, flushes.isSettled else {
            let milliseconds = flushes.isSettled ? Self.pollMilliseconds : Self.flushPollMilliseconds
            return mailbox.sleep(nanoseconds: milliseconds * 1_000_000)
        }
        quiescent.sleeps()
        mailbox.sleep(nanoseconds: -1)
        quiescent.pass(graceRequests.begun)
    }

    /// Ends every line and gives the sink some time to write what is left of them.
    private func finish<Sink: CaptureSink & ~Copyable>(
        _ recorder: inout Recorder,
        _ sink: inout Sink,
        _ flushes: inout CaptureFlushes
    ) {
        for command in mailbox.take() { recorder.apply(command, into: &sink) }
        recorder.releaseAll(into: &sink)
        let deadline = SystemClock.monotonic.advanced(byMilliseconds: Self.farewellMilliseconds)
        repeat {
            if let passed = flushes.advance(newestGrace, recorder, &sink) { quiescent.pass(upTo: passed) }
            if flushes.isSettled { break }
            mailbox.sleep(nanoseconds: Self.flushPollMilliseconds * 1_000_000)
        } while SystemClock.monotonic < deadline
        if !flushes.isSettled { _ = cutOffSink() }
        tell(&recorder)
    }
}
