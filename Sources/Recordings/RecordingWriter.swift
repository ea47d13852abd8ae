import Foundation

/// Writes one recording on a thread of its own, so that whoever hands segments over never waits.
///
/// Nothing is on the disk before the first segment of an epoch. After `end`, or when this value goes, nothing is
/// written any more.
package final class RecordingWriter: Sendable {
    /// What may wait to be written: 16 s of a stream of 8 Mbit/s.
    package static let usualQueueBytes = 16 << 20

    package let id: RecordingID
    private let queue: RecordingQueue

    /// A recording in the file at `path`, which is continued if it is there.
    package init(
        path: String,
        id: RecordingID,
        keys: any RecordingKeyStore,
        queueBytes: Int = RecordingWriter.usualQueueBytes
    ) {
        self.id = id
        let queue = RecordingQueue(byteLimit: queueBytes)
        self.queue = queue
        let thread = Thread {
            var loop = RecordingWriterLoop(path: path, id: id, keys: keys, queue: queue)
            loop.run()
        }
        thread.name = "tally-recording"
        thread.stackSize = 512 << 10
        thread.start()
    }

    deinit { queue.abandon() }

    /// Each change of how the recording is doing, the newest 64 that nobody took; for one taker.
    package var states: AsyncStream<RecordingWriterState> { queue.states }
    package var state: RecordingWriterState { queue.told }
    package var counts: RecordingWriterCounts { queue.counts }

    /// Segments from here on belong to this epoch, whose key is asked for when the first of them is written.
    package func begin(_ epoch: RecordingEpoch) { queue.begin(epoch) }

    /// Hands a segment over without waiting.
    @discardableResult
    package func append(_ segment: RecordingSegment) -> RecordingSegmentFate { queue.append(segment) }

    /// Takes back what was handed over and is not written.
    ///
    /// When this returns, no write of it is under way: what
    /// is on the disk by then stays, and no further byte of it comes.
    package func purge() async {
        await withCheckedContinuation { continuation in
            queue.purge { continuation.resume() }
        }
    }

    /// As `purge`, with an answer from the thread that writes, or at once.
    package func purge(_ done: @escaping @Sendable () -> Void) { queue.purge(done) }

    /// Writes what was handed over, ends the file with its trailer, and closes it; `nil` if there is no file, as
    /// nothing could be written into it.
    package func finish() async -> RecordingSummary? {
        await withCheckedContinuation { continuation in
            queue.finish { continuation.resume(returning: $0) }
        }
    }
}
