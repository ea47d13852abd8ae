import Primitives
import Recordings

/// Segments that anybody can make again from a seed and their number, all full of one marker.
package struct SampleSegments: Sendable {
    /// What no disk may show.
    package static let marker = Array("plaintext marker of a sample ---".utf8)
    package static let second: Int64 = 1_000_000_000

    private let seed: UInt64
    private let longest: Int
    private let filling: [UInt8]

    package init(seed: UInt64, longest: Int) {
        self.seed = seed
        self.longest = longest
        let count = longest / Self.marker.count + 3
        filling = Array((0..<count).map { _ in Self.marker }.joined())
    }

    /// Number 0 is an initialization, each third one behind it starts with a keyframe.
    package func segment(_ number: Int) -> RecordingSegment {
        var random = SeededRandom(seed: seed &* 1_000_003 &+ UInt64(number))
        let length = Int(random.next() % UInt64(longest)) + Self.marker.count + 8
        var content = Array(filling[..<length])
        for index in 0..<8 {
            content[length - 8 + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        }
        let start = Int64(max(0, number - 1)) * Self.second
        return RecordingSegment(
            kind: number == 0 ? .initialization : .media,
            startNanoseconds: start,
            endNanoseconds: number == 0 ? start : start + Self.second,
            startsWithKeyframe: number % 3 == 1,
            media: number % 2 == 0 ? [.audio, .video] : .audio,
            content: content
        )
    }
}
