/// Which grace periods wait for the sink to have written what had ended when they began.
///
/// A recorder is quiescent once nothing waits to be written of what it read through passes that are no longer minted.
/// What it goes on to capture is read through passes that are, and holds up nobody.
package struct CaptureFlushes: Sendable {
    /// Flushes asked of the sink, with the grace period that had begun before the turn that each follows.
    private var waiting: [(number: UInt64, grace: UInt64)] = []
    private var lastNumber: UInt64 = 0
    /// The newest grace period that a flush was asked for.
    private var newestGrace: UInt64
    /// Stretches that had ended at the last flush.
    private var endedStretches: UInt64 = 0

    /// A recorder begins, holding nothing, when `grace` is the newest grace period that has begun.
    package init(newestGrace grace: UInt64) {
        newestGrace = grace
    }

    /// Whether nothing is under way.
    package var isSettled: Bool { waiting.isEmpty }

    /// After a turn of `recorder`, when the newest grace period that had begun before it was `grace`.
    ///
    /// Answers up to which grace period the recorder has passed now; `nil` where that is no news.
    package mutating func advance<Sink: CaptureSink & ~Copyable>(
        _ grace: UInt64,
        _ recorder: borrowing Recorder,
        _ sink: inout Sink
    ) -> UInt64? {
        let isAsked = grace > newestGrace
        newestGrace = max(newestGrace, grace)
        if recorder.endedStretches != endedStretches, isAsked || recorder.isIdle {
            lastNumber += 1
            endedStretches = recorder.endedStretches
            sink.flush(lastNumber)
            waiting.append((lastNumber, grace))
        } else if isAsked {
            // Nothing has ended since the flush before, which so is for this one too.
            waiting.append((lastNumber, grace))
        }
        return settle(&sink)
    }

    /// Looks what the sink has come to, without a turn.
    package mutating func settle<Sink: CaptureSink & ~Copyable>(_ sink: inout Sink) -> UInt64? {
        guard !waiting.isEmpty else { return nil }
        let flushed = sink.flushed()
        let done = waiting.prefix { $0.number <= flushed }
        guard let last = done.last else { return nil }
        waiting.removeFirst(done.count)
        return last.grace
    }
}
