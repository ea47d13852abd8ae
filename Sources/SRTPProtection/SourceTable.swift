/// The replay windows of a peer's sources, found by SSRC.
///
/// Grows by authenticated sources only.
struct SourceTable<let wordCount: Int> {
    private let capacity: Int
    // Apart from the windows, so that a search stays within a cache line or two.
    private var sources: [UInt32] = []
    private var windows: [ReplayWindow<wordCount>] = []
    private var last = 0

    init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
    }

    var count: Int { sources.count }
    var isFull: Bool { sources.count >= capacity }

    /// The place of a source, or `nil` if nothing of it was authenticated yet.
    mutating func find(_ source: UInt32) -> Int? {
        if last < sources.count, sources[last] == source { return last }
        guard let found = sources.firstIndex(of: source) else { return nil }
        last = found
        return found
    }

    func highest(at place: Int) -> UInt64 {
        windows[place].highest
    }

    func verdict(on index: UInt64, at place: Int) -> ReplayWindow<wordCount>.Verdict {
        windows[place].verdict(on: index)
    }

    /// Takes note of an authenticated packet; `place` is what `find` answered for its source.
    mutating func accept(_ index: UInt64, from source: UInt32, at place: Int?) {
        if let place {
            windows[place].accept(index)
        } else {
            precondition(!isFull)
            sources.append(source)
            windows.append(ReplayWindow(first: index))
        }
    }
}
