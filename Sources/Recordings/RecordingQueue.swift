import Dispatch
import Synchronization

/// What stands between those who hand segments over and the thread that writes them.
final class RecordingQueue: Sendable {
    struct Item {
        let segment: RecordingSegment
        let epoch: RecordingEpoch
        /// Purges before it.
        let generation: Int
    }

    enum Work {
        case write(Item)
        case finish
        case abandon
        case nothing
    }

    private struct State {
        var items: [Item] = []
        var counts = RecordingWriterCounts()
        var epoch: RecordingEpoch?
        var lastStart = Int64.min
        var generation = 0
        var isWriting = false
        var isBehind = false
        var fault: RecordingWriterState?
        var told = RecordingWriterState.writing
        var isFinishing = false
        var isAbandoned = false
        var afterWrite: [@Sendable () -> Void] = []
        var afterEnd: [@Sendable (RecordingSummary?) -> Void] = []
        var end: RecordingSummary??
    }

    let states: AsyncStream<RecordingWriterState>
    private let announcing: AsyncStream<RecordingWriterState>.Continuation
    private let byteLimit: Int
    private let state = Mutex(State())
    private let wakeUps = DispatchSemaphore(value: 0)

    /// Of tiny segments the queue holds no more than this.
    private static let mostItems = 4096

    init(byteLimit: Int) {
        self.byteLimit = byteLimit
        (states, announcing) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
    }

    var counts: RecordingWriterCounts { state.withLock { $0.counts } }
    var told: RecordingWriterState { state.withLock { $0.told } }

    // MARK: Those who hand over

    func begin(_ epoch: RecordingEpoch) { state.withLock { $0.epoch = epoch } }

    func append(_ segment: RecordingSegment) -> RecordingSegmentFate {
        let fate = state.withLock { state -> RecordingSegmentFate in
            guard let epoch = state.epoch, !state.isFinishing, !state.isAbandoned else { return .closed }
            let size = segment.content.count
            guard size <= RecordingSegment.longestContent, segment.startNanoseconds >= state.lastStart,
                segment.endNanoseconds >= segment.startNanoseconds
            else {
                state.counts.droppedSegments += 1
                return .refused
            }
            // One that is longer than the limit may still go by itself.
            let isRoom =
                state.items.isEmpty
                || (state.counts.queuedBytes + size <= byteLimit && state.items.count < Self.mostItems)
            guard isRoom, !state.isBehind else {
                state.isBehind = true
                state.counts.droppedSegments += 1
                tell(&state)
                return .dropped
            }
            state.lastStart = segment.startNanoseconds
            state.counts.queuedBytes += size
            state.items.append(Item(segment: segment, epoch: epoch, generation: state.generation))
            return .queued
        }
        if fate == .queued { wakeUps.signal() }
        return fate
    }

    /// Takes back what is not written yet; `done` is called when no write of it is under way any more.
    func purge(_ done: @escaping @Sendable () -> Void) {
        let isQuiet = state.withLock { state in
            state.generation += 1
            state.counts.purgedSegments += state.items.count
            state.counts.queuedBytes = 0
            state.items.removeAll()
            settle(&state)
            if state.isWriting { state.afterWrite.append(done) }
            return !state.isWriting
        }
        if isQuiet { done() }
    }

    func finish(_ done: @escaping @Sendable (RecordingSummary?) -> Void) {
        let ended = state.withLock { state in
            state.isFinishing = true
            if state.end == nil { state.afterEnd.append(done) }
            return state.end
        }
        if let ended { done(ended) } else { wakeUps.signal() }
    }

    func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            state.items.removeAll()
            state.counts.queuedBytes = 0
        }
        wakeUps.signal()
    }

    // MARK: The thread that writes

    /// The next thing to do.
    func next() -> Work {
        state.withLock { state in
            if state.isAbandoned { return .abandon }
            guard !state.items.isEmpty else { return state.isFinishing ? .finish : .nothing }
            let item = state.items.removeFirst()
            state.counts.queuedBytes -= item.segment.content.count
            return .write(item)
        }
    }

    /// Whether something of the item may be written: from here on a write is under way, until it has ended or
    /// paused.
    func mayWrite(_ item: Item) -> Bool {
        state.withLock { state in
            state.isWriting = !state.isAbandoned && state.generation == item.generation
            return state.isWriting
        }
    }

    /// No write is under way while a file is read, a key is waited for or a segment is sealed.
    func paused() {
        for done in state.withLock({ Self.quiet(&$0) }) { done() }
    }

    private static func quiet(_ state: inout State) -> [@Sendable () -> Void] {
        state.isWriting = false
        defer { state.afterWrite.removeAll() }
        return state.afterWrite
    }

    enum Outcome {
        case written
        case purged
        /// It would begin before what the file holds already.
        case refused
        case dropped(RecordingWriterState)
    }

    /// The item is done with.
    func ended(_ item: Item, _ outcome: Outcome) {
        let waiting = state.withLock { state in
            switch outcome {
            case .written:
                state.counts.writtenSegments += 1
                state.counts.writtenBytes += item.segment.content.count
                state.fault = nil
            case .purged: state.counts.purgedSegments += 1
            case .refused: state.counts.droppedSegments += 1
            case .dropped(let fault):
                state.counts.droppedSegments += 1
                state.fault = fault
            }
            settle(&state)
            return Self.quiet(&state)
        }
        for done in waiting { done() }
    }

    /// The disk was waited for; a failure says that what was written may not be there after a power failure.
    func synchronized(_ failure: RecordingWriterState?) {
        state.withLock { state in
            state.counts.synchronizations += 1
            if let failure { state.fault = failure }
            tell(&state)
        }
    }

    func continues(after start: Int64?) { state.withLock { $0.lastStart = max($0.lastStart, start ?? .min) } }

    func end(_ summary: RecordingSummary?) {
        let waiting = state.withLock { state in
            state.end = .some(summary)
            tell(&state)
            defer { state.afterEnd.removeAll() }
            return state.afterEnd
        }
        announcing.finish()
        for done in waiting { done(summary) }
    }

    /// Waits until there may be something to do, for `seconds` at most.
    func wait(seconds: Double) { _ = wakeUps.wait(timeout: .now() + seconds) }

    func wait() { wakeUps.wait() }

    private func settle(_ state: inout State) {
        if state.counts.queuedBytes <= byteLimit / 2, state.items.count <= Self.mostItems / 2 {
            state.isBehind = false
        }
        tell(&state)
    }

    private func tell(_ state: inout State) {
        let now = state.end != nil ? .ended : state.fault ?? (state.isBehind ? .slow : .writing)
        guard now != state.told else { return }
        state.told = now
        announcing.yield(now)
    }
}
