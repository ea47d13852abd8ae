import Disclosures
import Foundation
import MediaRings
import Primitives
import RTPPackets
import Synchronization
import Testing

@Suite("The ring under threads")
struct RingUnderThreadsTests {
    /// Packets the writer publishes, as fast as it can: a thousand laps of the smallest ring.
    private static let packetCount: UInt64 = 250_000
    private static let readerCount = 3

    /// What readers found.
    private final class Findings: Sendable {
        let whole = Atomic<Int>(0)
        let torn = Atomic<Int>(0)
        let lapped = Atomic<Int>(0)
        let wrongMark = Atomic<Int>(0)
        let isWriting = Atomic<Bool>(true)
    }

    /// Whatever a reader is lent and told to be whole is one packet and all of it, while the writer runs
    /// over it again and again.
    @Test func noReaderEverKeepsATornPacket() throws {
        let fixture = try RingFixture()
        fixture.open()
        let findings = Findings()
        let done = DispatchSemaphore(value: 0)
        let (ring, gate) = (fixture.ring, fixture.gate)
        for reader in 0..<Self.readerCount {
            Thread.detachNewThread {
                Self.read(ring, gate, findings, isSlow: reader == 0)
                done.signal()
            }
        }
        Thread.detachNewThread {
            for position in 0..<Self.packetCount { Self.publish(position, to: ring) }
            findings.isWriting.store(false, ordering: .releasing)
            done.signal()
        }
        for _ in 0...Self.readerCount { done.wait() }
        #expect(findings.torn.load(ordering: .relaxed) == 0)
        #expect(findings.wrongMark.load(ordering: .relaxed) == 0)
        #expect(findings.whole.load(ordering: .relaxed) > 1_000, "the readers did read")
        #expect(findings.lapped.load(ordering: .relaxed) > 0, "the writer did lap a reader")
    }

    /// A packet whose every byte and field follow from its position.
    private static func publish(_ position: UInt64, to ring: MediaRing) {
        let mixed = mix(position)
        let count = 16 + Int(mixed % 1_000)
        let packet = RingPacket(
            sequence: Int64(position),
            timestamp: UInt32(truncatingIfNeeded: mixed),
            arrival: MonotonicTime(nanoseconds: Int64(position)),
            captureTime: mixed,
            facts: PayloadFacts(),
            codec: .vp8,
            marker: mixed & 1 == 1
        )
        var payload = [UInt8](repeating: UInt8(truncatingIfNeeded: mixed), count: count)
        for index in 0..<8 {
            payload[index] = UInt8(truncatingIfNeeded: position >> (index * 8))
            payload[count - 1 - index] = UInt8(truncatingIfNeeded: mixed >> (index * 8))
        }
        ring.publish(packet, payload: payload.span.bytes)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var random = SeededRandom(seed: value)
        return random.next()
    }

    private static func read(
        _ ring: MediaRing,
        _ gate: DisclosureGate,
        _ findings: Findings,
        isSlow: Bool
    ) {
        var next: UInt64 = 0
        var copy = [UInt8](repeating: 0, count: MediaRing.maximumPayloadByteCount)
        while true {
            let isLast = !findings.isWriting.load(ordering: .acquiring)
            if isLast, next >= ring.head { return }
            let isRead: Bool? = gate.withPass(now: milliseconds(0)) { pass in
                let read = ring.read(pass, at: next) { packet, payload, _ -> (RingPacket, Int) in
                    if isSlow { wait(for: ring, toLap: next, findings) }
                    copy.withUnsafeMutableBytes { $0.copyMemory(from: payload) }
                    return (packet, payload.count)
                }
                switch read {
                case .packet(let (packet, count)):
                    findings.whole.add(1, ordering: .relaxed)
                    if packet.sequence != Int64(next) { findings.wrongMark.add(1, ordering: .relaxed) }
                    if !isWhole(packet, copy, count, at: next) { findings.torn.add(1, ordering: .relaxed) }
                    next += 1
                case .lapped:
                    findings.lapped.add(1, ordering: .relaxed)
                    next = max(next + 1, ring.oldestReadable)
                case .unpublished:
                    return false
                case .refused:
                    findings.wrongMark.add(1, ordering: .relaxed)
                    next += 1
                }
                return true
            }
            if isRead != true { sched_yield() }
        }
    }

    /// Holds a read under way until the writer has passed the slot, now and then.
    private static func wait(for ring: MediaRing, toLap position: UInt64, _ findings: Findings) {
        guard position % 16 == 0 else { return }
        while findings.isWriting.load(ordering: .relaxed), ring.head <= position + UInt64(ring.capacity) {
            sched_yield()
        }
    }

    private static func isWhole(
        _ packet: RingPacket,
        _ bytes: [UInt8],
        _ count: Int,
        at position: UInt64
    )
        -> Bool
    {
        let mixed = mix(position)
        guard count == 16 + Int(mixed % 1_000), packet.captureTime == mixed,
            packet.timestamp == UInt32(truncatingIfNeeded: mixed), packet.marker == (mixed & 1 == 1),
            packet.arrival.nanoseconds == Int64(position)
        else { return false }
        for index in 0..<8 {
            guard bytes[index] == UInt8(truncatingIfNeeded: position >> (index * 8)),
                bytes[count - 1 - index] == UInt8(truncatingIfNeeded: mixed >> (index * 8))
            else { return false }
        }
        return bytes[8..<(count - 8)].allSatisfy { $0 == UInt8(mixed & 0xFF) }
    }
}
