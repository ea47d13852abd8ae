import Primitives
import Rooms
import Testing

@Suite("The map from incoming to outgoing numbers")
struct SequenceMapTests {
    @Test func closesTheGapsOfWhatIsLeftOut() {
        var map = SequenceMap()
        map.restart(incoming: 100, outgoing: 7)
        let first = map.map(100)
        let isLeftOut = map.skip(101)
        let second = map.map(102)
        #expect(first == 7)
        #expect(isLeftOut)
        #expect(second == 8)
        #expect(map.outgoing(for: 101) == nil)
        #expect(map.incoming(for: 7) == 100)
        #expect(map.incoming(for: 8) == 102)
    }

    @Test func keepsThePlaceOfWhatIsLate() {
        var map = SequenceMap()
        map.restart(incoming: 100, outgoing: 7)
        _ = map.map(100)
        let ahead = map.map(103)
        let isLeftOut = map.skip(102)
        let late = map.map(102)
        #expect(ahead == 10)
        #expect(!isLeftOut, "others have passed it")
        #expect(late == 9)
    }

    @Test func forgetsEverythingAtARestart() {
        var map = SequenceMap()
        map.restart(incoming: 100, outgoing: 7)
        for number: Int64 in 100..<110 {
            if number % 2 == 0 { _ = map.map(number) } else { _ = map.skip(number) }
        }
        map.restart(incoming: 500, outgoing: 12)
        for outgoing: Int64 in 0..<12 { #expect(map.incoming(for: outgoing) == nil) }
        for incoming: Int64 in 90..<120 { #expect(map.outgoing(for: incoming) == nil) }
        #expect(map.incoming(for: 12) == 500)
    }

    /// Against a list of everything that ever happened: no number stands for two packets, and what is
    /// remembered is true.
    @Test func agreesWithALongMemory() {
        for seed: UInt64 in 0..<200 {
            var random = SeededRandom(seed: seed)
            var map = SequenceMap()
            var sent: [Int64: Int64] = [:]
            var stretch: [Int64: Int64] = [:]
            var highest: Int64 = 50
            var newest = Int64(random.next() % 1_000)
            map.restart(incoming: newest, outgoing: highest + 1)
            for _ in 0..<300 {
                let incoming = newest + random.number(-6...3)
                switch random.next() % 40 {
                case 0:
                    newest = Int64(random.next() % 1_000)
                    map.restart(incoming: newest, outgoing: highest + 1)
                    stretch = [:]
                    continue
                case 1..<16:
                    guard stretch[incoming] == nil, map.skip(incoming) else { continue }
                default:
                    guard stretch[incoming] == nil, let outgoing = map.map(incoming) else { continue }
                    #expect(sent[outgoing] == nil, "seed \(seed)")
                    sent[outgoing] = incoming
                    stretch[incoming] = outgoing
                    highest = max(highest, outgoing)
                }
                newest = max(newest, incoming)
            }
            for (incoming, outgoing) in stretch {
                if let known = map.outgoing(for: incoming) { #expect(known == outgoing, "seed \(seed)") }
                if let known = map.incoming(for: outgoing) { #expect(known == incoming, "seed \(seed)") }
            }
        }
    }
}
