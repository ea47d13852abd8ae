/// How a recording is doing.
package enum RecordingWriterState: Hashable, Sendable {
    /// Everything that is handed over is written.
    case writing
    /// The disk does not keep up: the queue is full and segments are dropped until half of it was written.
    case slow
    /// Nothing can be written, and segments are dropped; tried again with the next one. The `errno` says why.
    case full(Int32)
    /// No data key can be had, and segments are dropped; tried again every second.
    case withoutKey(String)
    /// This file cannot be continued; segments are dropped until it is ended. Another file may do.
    case failed(RecordingError)
    case ended
}

/// What became of a segment that was handed over.
package enum RecordingSegmentFate: Hashable, Sendable {
    case queued
    /// There is no room in the queue: a gap.
    case dropped
    /// Longer than a segment may be, or its times go back: a mistake of whoever made it, and a gap.
    case refused
    /// No epoch has begun, or the recording has ended.
    case closed
}

/// What a writer has done so far.
package struct RecordingWriterCounts: Hashable, Sendable {
    package var writtenSegments = 0
    /// Bytes of their contents.
    package var writtenBytes = 0
    /// Gaps: for want of room, of a key or of sense.
    package var droppedSegments = 0
    /// Taken back before they were written.
    package var purgedSegments = 0
    /// Bytes in the queue.
    package var queuedBytes = 0
    /// Times that the disk was waited for.
    package var synchronizations = 0
}

/// What a recording's file holds at its end.
package struct RecordingSummary: Hashable, Sendable {
    package let id: RecordingID
    /// All of the file's, also those of earlier writers.
    package let segmentCount: Int
    package let contentByteCount: Int
    package let droppedSegments: Int
    /// Whether the file has its trailer; without one it is readable as well, and takes longer to open.
    package let isSealed: Bool
}
