extension RecordingReader {
    /// The segment of that number; `nil` if there is none that is readable.
    package func entry(number: Int) -> RecordingIndexEntry? {
        let place = firstIndex { $0.number >= number }
        return place < segments.count && segments[place].number == number ? segments[place] : nil
    }

    /// The place in `segments` of the last media segment that starts at `nanoseconds` or before; `nil` before the
    /// first.
    ///
    /// Whether it reaches so far, or a gap begins before, its end says.
    package func index(atNanoseconds nanoseconds: Int64) -> Int? {
        media(before: firstIndex { $0.startNanoseconds > nanoseconds }) { _ in true }
    }

    /// Where decoding has to begin to show what is at `nanoseconds`: the last segment before that starts with a
    /// keyframe.
    package func keyframeIndex(atNanoseconds nanoseconds: Int64) -> Int? {
        media(before: firstIndex { $0.startNanoseconds > nanoseconds }) { $0.startsWithKeyframe }
    }

    /// The initialization that holds for the segment at a place in `segments`.
    package func initializationIndex(for index: Int) -> Int? {
        segments[...index].lastIndex { $0.kind == .initialization }
    }

    /// What the readable segments cover, gaps included; `nil` if there are none.
    package var nanoseconds: Range<Int64>? {
        guard let first = segments.first, let end = segments.map(\.endNanoseconds).max() else { return nil }
        return first.startNanoseconds..<max(first.startNanoseconds, end)
    }

    private func media(before end: Int, where isWanted: (RecordingIndexEntry) -> Bool) -> Int? {
        segments[..<end].lastIndex { $0.kind == .media && isWanted($0) }
    }

    /// By halving, as numbers and start times only grow.
    private func firstIndex(where isBehind: (RecordingIndexEntry) -> Bool) -> Int {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(segments[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
