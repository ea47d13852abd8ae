/// Which of the last `64 * wordCount` packet indices were accepted (RFC 3711 3.3.2).
///
/// `wordCount` is a power of two.
struct ReplayWindow<let wordCount: Int> {
    enum Verdict: Equatable {
        case fresh
        case replayed
        case tooOld
    }

    /// The highest index accepted.
    private(set) var highest: UInt64
    // The bit of an index is its remainder by the width; bits of indices above `highest` are clear.
    private var accepted: InlineArray<wordCount, UInt64>

    /// A window that has accepted `first` alone.
    init(first: UInt64) {
        highest = first
        accepted = InlineArray(repeating: 0)
        mark(first)
    }

    /// How many indices the window covers, `highest` included.
    static var width: UInt64 { UInt64(wordCount) * 64 }

    /// What the window says of a packet that has not been authenticated yet.
    func verdict(on index: UInt64) -> Verdict {
        guard index <= highest else { return .fresh }
        guard highest &- index < Self.width else { return .tooOld }
        let isAccepted = accepted[Self.word(of: index)] & Self.bit(of: index) != 0
        return isAccepted ? .replayed : .fresh
    }

    /// Takes note of an authenticated packet whose verdict was `fresh`.
    mutating func accept(_ index: UInt64) {
        if index > highest {
            if index &- highest >= Self.width {
                accepted = InlineArray(repeating: 0)
            } else {
                forget(from: highest &+ 1, through: index)
            }
            highest = index
        }
        mark(index)
    }

    private mutating func mark(_ index: UInt64) {
        accepted[Self.word(of: index)] |= Self.bit(of: index)
    }

    private mutating func forget(from first: UInt64, through last: UInt64) {
        var index = first
        while index <= last {
            let offset = index & 63
            let run = min(64 &- offset, last &- index &+ 1)
            let ones = run == 64 ? UInt64.max : (1 << run) &- 1
            accepted[Self.word(of: index)] &= ~(ones << offset)
            index &+= run
        }
    }

    private static func word(of index: UInt64) -> Int {
        Int(truncatingIfNeeded: (index >> 6) & UInt64(wordCount &- 1))
    }

    private static func bit(of index: UInt64) -> UInt64 {
        1 << (index & 63)
    }
}
