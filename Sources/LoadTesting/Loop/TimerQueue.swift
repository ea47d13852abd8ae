import Primitives

/// When each of many numbered things is due: a binary heap, in which a time that was replaced stays until it
/// comes up.
struct TimerQueue {
    private struct Entry {
        var due: MonotonicTime
        var number: Int
    }

    private var heap: [Entry] = []
    /// The time that counts, by number.
    private var dues: [MonotonicTime] = []

    /// Sets when `number` is due; `distantFuture` for never.
    mutating func set(_ number: Int, due: MonotonicTime) {
        if number >= dues.count {
            dues.append(contentsOf: repeatElement(.distantFuture, count: number + 1 - dues.count))
        }
        guard dues[number] != due else { return }
        dues[number] = due
        guard due != .distantFuture else { return }
        heap.append(Entry(due: due, number: number))
        rise(from: heap.count - 1)
    }

    /// When the next is due; `distantFuture` for never.
    mutating func nextDue() -> MonotonicTime {
        while let first = heap.first {
            if dues[first.number] == first.due { return first.due }
            removeFirst()
        }
        return .distantFuture
    }

    /// Takes out the next that is due at `now`, which then has no time.
    mutating func takeDue(now: MonotonicTime) -> Int? {
        guard nextDue() <= now, let first = heap.first else { return nil }
        removeFirst()
        dues[first.number] = .distantFuture
        return first.number
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        sink(from: 0)
    }

    private mutating func rise(from start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].due < heap[parent].due else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    private mutating func sink(from start: Int) {
        var index = start
        while true {
            var least = index
            let (left, right) = (2 * index + 1, 2 * index + 2)
            if left < heap.count, heap[left].due < heap[least].due { least = left }
            if right < heap.count, heap[right].due < heap[least].due { least = right }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
