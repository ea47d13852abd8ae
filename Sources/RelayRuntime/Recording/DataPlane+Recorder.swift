import Rooms
import Synchronization

extension DataPlane {
    /// The number that stands for the recorder where lines name the loop that serves them.
    package var recorderLoop: Int { loopCount }

    /// Starts the recorder, once.
    ///
    /// `makeSink` is called on the recorder's thread, and so are the sink and `onEvents`. `cutOff` is called by a grace
    /// period that has waited for long enough, on any thread: it makes sure that nothing more is written of what the
    /// sink holds, until that is told to recover, and answers whether it is so. Throws `DataPlaneError.cannotWake`.
    package func startRecorder<Sink: CaptureSink & ~Copyable>(
        _ makeSink: @escaping @Sendable () -> Sink,
        cutOff: @escaping @Sendable () -> Bool,
        onEvents: @escaping @Sendable ([RecorderEvent]) -> Void
    ) throws(DataPlaneError) {
        let made = try RecorderLoop(graceRequests: graceRequests, cutOffSink: cutOff, onEvents: onEvents)
        let isFirst = recorder.withLock { recorder in
            guard recorder == nil else { return false }
            recorder = made
            return true
        }
        precondition(isFirst, "one recorder serves all recordings")
        made.start(makeSink)
    }

    /// Leaves commands for the recorder, in order; `false` if there is none, or its mailbox is full.
    package func post(_ commands: [RecorderCommand]) -> Bool {
        recorder.withLock { $0 }?.mailbox.post(commands) ?? false
    }

    /// What the recorder has captured, as of its last turn; `nil` without one.
    package var captureCounters: CaptureCounters? { recorder.withLock { $0 }?.counters }
}
