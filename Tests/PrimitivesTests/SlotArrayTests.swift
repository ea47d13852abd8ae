import Primitives
import Testing

/// Counts itself, so that an element that is lost or destroyed twice shows.
private final class Counted {
    final class Living {
        var count = 0
    }

    private let living: Living
    let number: Int

    init(_ number: Int, _ living: Living) {
        self.number = number
        self.living = living
        living.count += 1
    }

    deinit { living.count -= 1 }
}

/// An element that cannot be copied, as a media loop's are.
private struct Single: ~Copyable {
    var counted: Counted
    var changes = 0
}

@Suite struct SlotArrayTests {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func behavesAsADictionaryOfSlotsDoes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let living = Counted.Living()
        do {
            var slots = SlotArray<Single>(minimumCapacity: Int.random(in: 0...3, using: &random))
            var model: [Int: (number: Int, changes: Int)] = [:]
            var highest = 0
            for number in 0..<600 {
                // Waves of growing and shrinking.
                let grows = Int.random(in: 0..<10, using: &random) < (number / 150 % 2 == 0 ? 7 : 3)
                if grows || model.isEmpty {
                    let slot = slots.insert(Single(counted: Counted(number, living)))
                    try #require(model[slot] == nil)
                    // A free slot is used again before a new one is.
                    try #require(slot < highest || model.count == highest)
                    model[slot] = (number, 0)
                    highest = max(highest, slot + 1)
                } else if let slot = model.keys.sorted().randomElement(using: &random) {
                    slots[slot].changes += 1
                    model[slot]?.changes += 1
                    if Bool.random(using: &random) {
                        let removed = slots.remove(slot)
                        let (number, changes) = (removed.counted.number, removed.changes)
                        try #require(number == model[slot]?.number)
                        try #require(changes == model[slot]?.changes)
                        model[slot] = nil
                    }
                }
                let (count, end) = (slots.count, slots.end)
                try #require(count == model.count)
                try #require(end == highest)
            }
            try #require(living.count == model.count)
            for slot in -2..<(slots.end + 2) {
                let isThere = slots.contains(slot)
                try #require(isThere == (model[slot] != nil))
                guard isThere else { continue }
                let (number, changes) = (slots[slot].counted.number, slots[slot].changes)
                try #require(number == model[slot]?.number)
                try #require(changes == model[slot]?.changes)
            }
        }
        try #require(living.count == 0)
    }

    @Test func elementsStayInTheirSlotsWhileTheArrayGrows() {
        var slots = SlotArray<Single>(minimumCapacity: 1)
        let living = Counted.Living()
        for number in 0..<1_000 {
            let slot = slots.insert(Single(counted: Counted(number, living)))
            #expect(slot == number)
        }
        for number in 0..<1_000 {
            let found = slots[number].counted.number
            #expect(found == number)
        }
    }
}
