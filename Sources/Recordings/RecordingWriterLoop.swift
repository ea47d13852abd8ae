import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the thread of a writer does.
struct RecordingWriterLoop {
    /// At least this long between two waits for the disk, and at most so long (and one write) unsaved.
    private static let synchronizationSeconds = 1.0
    private static let keyRetrySeconds = 1.0
    private static let lockSeconds = 2.0

    private let path: String
    private let id: RecordingID
    private let keys: any RecordingKeyStore
    private let queue: RecordingQueue
    private var file: RecordingFile?
    private var isUnsaved = false
    private var lastSynchronization = ContinuousClock.now
    private var lastKeyFailure: (at: ContinuousClock.Instant, state: RecordingWriterState)?
    /// Once it cannot be continued, nothing more is tried.
    private var failure: RecordingError?

    init(path: String, id: RecordingID, keys: any RecordingKeyStore, queue: RecordingQueue) {
        self.path = path
        self.id = id
        self.keys = keys
        self.queue = queue
    }

    mutating func run() {
        while true {
            synchronizeIfDue()
            switch queue.next() {
            case .write(let item): queue.ended(item, write(item))
            case .nothing:
                if isUnsaved { queue.wait(seconds: max(0, secondsUntilDue)) } else { queue.wait() }
            case .finish:
                let summary = seal()
                file = nil
                queue.end(summary)
                return
            case .abandon:
                file?.removeIfEmpty()
                file = nil
                queue.end(nil)
                return
            }
        }
    }

    private var secondsUntilDue: Double {
        Self.synchronizationSeconds - (ContinuousClock.now - lastSynchronization) / .seconds(1)
    }

    private mutating func synchronizeIfDue() {
        guard isUnsaved, let file, secondsUntilDue <= 0 else { return }
        var fault: RecordingWriterState?
        do {
            try file.synchronize()
        } catch {
            fault = state(error)
        }
        isUnsaved = false
        lastSynchronization = .now
        queue.synchronized(fault)
    }

    private mutating func write(_ item: RecordingQueue.Item) -> RecordingQueue.Outcome {
        if let failure { return .dropped(.failed(failure)) }
        do {
            let file = try opened()
            if let last = file.lastStartNanoseconds, item.segment.startNanoseconds < last { return .refused }
            if file.epoch != item.epoch {
                if let last = lastKeyFailure,
                    (ContinuousClock.now - last.at) / .seconds(1) < Self.keyRetrySeconds
                {
                    return .dropped(last.state)
                }
                guard try file.begin(item.epoch, isWanted: { queue.mayWrite(item) }) else { return .purged }
                queue.paused()
                markUnsaved()
            }
            guard try file.append(item.segment, isWanted: { queue.mayWrite(item) }) else { return .purged }
            markUnsaved()
            lastKeyFailure = nil
            return .written
        } catch {
            let state = state(error)
            if case .withoutKey = state { lastKeyFailure = (.now, state) }
            if case .failed(let error) = state { failure = error }
            return .dropped(state)
        }
    }

    /// A first write after a pause is waited for a second later, and not at once.
    private mutating func markUnsaved() {
        guard !isUnsaved else { return }
        isUnsaved = true
        if secondsUntilDue <= 0 { lastSynchronization = .now }
    }

    private mutating func opened() throws(RecordingError) -> RecordingFile {
        if let file { return file }
        let opened = try openedOnceFree()
        queue.continues(after: opened.lastStartNanoseconds)
        file = opened
        return opened
    }

    /// A writer that was let go of a moment ago may still be closing the file.
    private func openedOnceFree() throws(RecordingError) -> RecordingFile {
        let deadline = ContinuousClock.now + .seconds(Self.lockSeconds)
        while true {
            do throws(RecordingError) {
                return try RecordingFile(path: path, id: id, keys: keys)
            } catch .inUse {
                guard ContinuousClock.now < deadline else { throw .inUse }
                usleep(2000)
            }
        }
    }

    private func state(_ error: RecordingError) -> RecordingWriterState {
        switch error {
        case .system(let failure): .full(failure.code)
        case .keyStoreUnavailable(let reason): .withoutKey(reason)
        default: .failed(error)
        }
    }

    private func seal() -> RecordingSummary? {
        guard let file else { return nil }
        guard file.segmentCount > 0 else {
            file.removeIfEmpty()
            return nil
        }
        let dropped = queue.counts.droppedSegments
        file.droppedSegments += UInt64(dropped)
        let isSealed = (try? file.seal()) != nil
        if !isSealed { try? file.synchronize() }
        return RecordingSummary(
            id: id,
            segmentCount: file.segmentCount,
            contentByteCount: file.contentByteCount,
            droppedSegments: Int(clamping: file.droppedSegments),
            isSealed: isSealed
        )
    }
}
