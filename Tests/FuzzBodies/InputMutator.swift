import Primitives

/// Makes new inputs of old ones, the same ones for the same seed.
package struct InputMutator {
    /// Longer than any datagram is of no use; texts are bounded by their seeds.
    private static let maximumGrowth = 256
    /// Numbers at which lengths and counters break.
    private static let edges: [[UInt8]] = [
        [0], [0xFF], [0x7F], [0x80], [0, 0], [0xFF, 0xFF], [0x7F, 0xFF], [0x80, 0], [0, 0, 0, 0],
        [0xFF, 0xFF, 0xFF, 0xFF], [0, 1], [0, 4], [0x10, 0], [0xBE, 0xDE],
    ]
    /// What upsets readers of text.
    private static let spice: [[UInt8]] = [
        "999999999999999999999", "4294967296", "65536", "-1", "0", "*", ";", ":", "::", "=", "/", " ", ".",
        "\r", "\n", "\r\n", "\0", "\u{0301}", "\u{1F980}", "a=", "m=", "a=mid:", "a=candidate:",
    ].map { Array($0.utf8) }

    private var random: SeededRandom
    private let isText: Bool

    package init(seed: UInt64, isText: Bool) {
        random = SeededRandom(seed: seed)
        self.isText = isText
    }

    /// A mutation of `input`, at times with a piece of `other`.
    package mutating func mutate(_ input: [UInt8], mixingIn other: [UInt8]) -> [UInt8] {
        var bytes = input
        let limit = input.count + Self.maximumGrowth
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            if isText, Bool.random(using: &random) {
                changeText(&bytes)
            } else {
                changeBytes(&bytes, other)
            }
        }
        return bytes.count > limit ? Array(bytes[..<limit]) : bytes
    }

    private mutating func changeBytes(_ bytes: inout [UInt8], _ other: [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let length = Int.random(in: 0...8, using: &random)
        let end = min(bytes.count, place + length)
        switch Int.random(in: 0..<9, using: &random) {
        case 0...1:
            guard place < bytes.count else { return }
            bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2:
            guard place < bytes.count else { return }
            bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 3:
            bytes.replaceSubrange(
                place..<end,
                with: Self.edges[Int.random(in: Self.edges.indices, using: &random)]
            )
        case 4:
            bytes.removeSubrange(place..<end)
        case 5:
            bytes.removeSubrange(place...)
        case 6:
            bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 7 where !other.isEmpty:
            let from = Int.random(in: other.indices, using: &random)
            let to = min(other.count, from + Int.random(in: 1...64, using: &random))
            bytes.replaceSubrange(place..<end, with: other[from..<to])
        default:
            bytes.insert(
                contentsOf: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) },
                at: place
            )
        }
    }

    private mutating func changeText(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        if Bool.random(using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...6, using: &random))
            bytes.replaceSubrange(
                place..<end,
                with: Self.spice[Int.random(in: Self.spice.indices, using: &random)]
            )
            return
        }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let from = Int.random(in: lines.indices, using: &random)
        let to = Int.random(in: lines.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: lines.swapAt(from, to)
        case 1: lines[to] = lines[from]
        default: lines.remove(at: from)
        }
        bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
    }
}
