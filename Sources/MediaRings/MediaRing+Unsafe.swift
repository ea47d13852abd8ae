// Hot path 4/6: publish once; the retransmission buffer, the late-join cache and the recorder's source

import Disclosures
import Primitives
import RTPPackets
import Synchronization

/// The packets of one track: one writer, many readers, fixed memory, one copy of each packet.
///
/// A position counts the packets ever published, from 0. Media leaves a ring only through `read`, which
/// wants a `Pass` of this ring's track. A ring belongs to one track for its whole life and is wiped when it
/// goes.
// Safe because the one writer (the publisher's media loop) marks a slot as changing before it writes and as
// whole after it, and a reader checks the mark before and after its read and discards what did not hold still.
package final class MediaRing: @unchecked Sendable {
    /// Largest payload kept: an Ethernet MTU is 1500 bytes, and every sender here stays below it.
    package static let maximumPayloadByteCount = 1440
    /// Largest dependency descriptor kept (the extension's own limit is 255; browsers send under 100).
    package static let maximumDescriptorByteCount = 96
    /// Payloads that are padded: pieces of a frame of several packets, as long as a path surely carries them.
    package static let paddedPayloads = 500...1_200
    /// They are padded to a multiple of this: 0.7 per cent more bytes, and of sixteen frames whose packets differ
    /// by a byte fifteen are one run.
    package static let paddingStep = 16
    /// Slots that readers leave to the writer, so that a batch under way is not overtaken.
    package static let writerMargin = 64

    private static let stride = maximumPayloadByteCount + maximumDescriptorByteCount

    package let track: TrackID
    package let kind: MediaKind
    /// Slots; a power of two.
    package let capacity: Int

    private let mask: UInt64
    private let bytes: UnsafeMutableRawPointer
    private let packets: UnsafeMutablePointer<RingPacket>
    /// Per slot: position + 1 while whole, 0 while changing or never written.
    private let marks: UnsafeMutablePointer<Atomic<UInt64>>
    /// Per sequence number modulo capacity: the position last published with it, plus 1.
    private let positions: UnsafeMutablePointer<Atomic<UInt64>>

    /// RTP timestamp of the newest keyframe; the writer's own.
    private var keyframeTimestamp: UInt32?
    private let headPosition = Atomic<UInt64>(0)
    private let keyframePosition = Atomic<UInt64>(.max)
    private let lastArrival = Atomic<Int64>(0)
    private let keyframeWishes = Atomic<UInt64>(0)
    private let readers = Atomic<UInt64>(0)

    /// A ring of at least `minimumCapacity` slots (rounded up to a power of two, at least 256).
    package init(track: TrackID, kind: MediaKind, minimumCapacity: Int) {
        var capacity = 256
        while capacity < minimumCapacity { capacity *= 2 }
        self.track = track
        self.kind = kind
        self.capacity = capacity
        mask = UInt64(capacity - 1)
        bytes = .allocate(byteCount: capacity * Self.stride, alignment: 64)
        bytes.initializeMemory(as: UInt8.self, repeating: 0, count: capacity * Self.stride)
        packets = .allocate(capacity: capacity)
        let empty = RingPacket(
            sequence: -1,
            timestamp: 0,
            arrival: .distantPast,
            facts: PayloadFacts(),
            codec: kind == .audio ? .opus : .vp8,
            marker: false
        )
        packets.initialize(repeating: empty, count: capacity)
        marks = .allocate(capacity: capacity)
        positions = .allocate(capacity: capacity)
        for index in 0..<capacity {
            (marks + index).initialize(to: Atomic(0))
            (positions + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        wipe(bytes, capacity * Self.stride)
        bytes.deallocate()
        packets.deinitialize(count: capacity)
        packets.deallocate()
        marks.deinitialize(count: capacity)
        marks.deallocate()
        positions.deinitialize(count: capacity)
        positions.deallocate()
    }

    // MARK: The writer

    /// Publishes one packet; only the publisher's media loop calls it.
    ///
    /// Answers its position, or `nil` if the payload or the descriptor is larger than a slot.
    @discardableResult
    package func publish(
        _ packet: RingPacket,
        payload: RawSpan,
        dependencyDescriptor: RawSpan? = nil
    ) -> UInt64? {
        let descriptorLength = dependencyDescriptor?.byteCount ?? 0
        guard payload.byteCount <= Self.maximumPayloadByteCount,
            descriptorLength <= Self.maximumDescriptorByteCount
        else { return nil }
        let position = headPosition.load(ordering: .relaxed)
        let slot = Int(position & mask)
        marks[slot].store(0, ordering: .relaxed)
        atomicMemoryFence(ordering: .acquiringAndReleasing)
        var record = packet
        record.payloadLength = UInt16(truncatingIfNeeded: payload.byteCount)
        record.descriptorLength = UInt8(truncatingIfNeeded: descriptorLength)
        record.paddingLength = paddingLength(for: payload.byteCount)
        packets[slot] = record
        let target = bytes + slot * Self.stride
        if let dependencyDescriptor {
            dependencyDescriptor.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(start: target, count: Self.stride).copyMemory(from: source)
            }
        }
        payload.withUnsafeBytes { source in
            UnsafeMutableRawBufferPointer(
                start: target + Self.maximumDescriptorByteCount,
                count: Self.maximumPayloadByteCount
            ).copyMemory(from: source)
        }
        writePadding(of: record, behind: target + Self.maximumDescriptorByteCount)
        marks[slot].store(position &+ 1, ordering: .releasing)
        positions[Int(UInt64(bitPattern: packet.sequence) & mask)].store(position &+ 1, ordering: .releasing)
        lastArrival.store(packet.arrival.nanoseconds, ordering: .relaxed)
        // Of H.264, parameter sets and the picture both start a keyframe: the first of one timestamp counts.
        if packet.facts.startsKeyframe, keyframeTimestamp != packet.timestamp {
            keyframeTimestamp = packet.timestamp
            keyframePosition.store(position, ordering: .releasing)
        }
        headPosition.store(position &+ 1, ordering: .releasing)
        return position
    }

    /// Padding that makes the packets of a frame equally long, as the kernel wants the segments of a run.
    ///
    /// Packetizers split a frame into pieces that differ by a byte, the longer ones last. What a packet is padded
    /// to depends on it alone, so each time it is sent it is the same.
    private func paddingLength(for payloadLength: Int) -> UInt8 {
        guard kind == .video, Self.paddedPayloads.contains(payloadLength) else { return 0 }
        let surplus = payloadLength % Self.paddingStep
        return surplus == 0 ? 0 : UInt8(truncatingIfNeeded: Self.paddingStep - surplus)
    }

    private func writePadding(of record: RingPacket, behind payload: UnsafeMutableRawPointer) {
        guard record.paddingLength > 0 else { return }
        let padding = payload + Int(record.payloadLength)
        let count = Int(record.paddingLength)
        padding.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        padding.storeBytes(of: record.paddingLength, toByteOffset: count - 1, as: UInt8.self)
    }

    /// Takes the wishes for a keyframe that readers left since the last call.
    package func takeKeyframeWishes() -> Bool {
        keyframeWishes.load(ordering: .relaxed) != 0 && keyframeWishes.exchange(0, ordering: .relaxed) != 0
    }

    // MARK: Readers

    /// The position that will be published next.
    ///
    /// It says how much was published, never what.
    package var head: UInt64 { headPosition.load(ordering: .acquiring) }

    /// When the newest packet arrived; `distantPast` before the first.
    package var newestArrival: MonotonicTime {
        MonotonicTime(nanoseconds: lastArrival.load(ordering: .relaxed))
    }

    /// The oldest position that a reader may still ask for.
    package var oldestReadable: UInt64 {
        let head = head
        let kept = UInt64(capacity - Self.writerMargin)
        return head > kept ? head - kept : 0
    }

    /// Asks the publisher's loop for a keyframe.
    package func wishForKeyframe() {
        keyframeWishes.store(1, ordering: .relaxed)
    }

    /// Media loops (one bit each) that want to be woken when something was published.
    package var readerLoops: UInt64 { readers.load(ordering: .relaxed) }

    /// Registers the media loop of number `loop` (0 to 63) as a reader, or takes it off.
    package func setReader(loop: Int, _ reads: Bool) {
        if reads {
            readers.bitwiseOr(1 << UInt64(loop), ordering: .relaxed)
        } else {
            readers.bitwiseAnd(~(1 << UInt64(loop)), ordering: .relaxed)
        }
    }

    /// The newest keyframe's first position, if the pass reaches back to it and it is still kept.
    package func newestKeyframe(_ pass: borrowing Pass) -> UInt64? {
        let position = keyframePosition.load(ordering: .acquiring)
        guard pass.track == track, position != .max, position >= pass.opensAt, position >= oldestReadable
        else { return nil }
        return position
    }

    /// The position at which the packet of the (extended) sequence number was last published, if it is kept.
    package func position(ofSequence sequence: Int64, _ pass: borrowing Pass) -> UInt64? {
        guard pass.track == track else { return nil }
        let mark = positions[Int(UInt64(bitPattern: sequence) & mask)].load(ordering: .acquiring)
        guard mark != 0, mark - 1 >= pass.opensAt, mark - 1 >= oldestReadable else { return nil }
        return mark - 1
    }

    /// Lends the packet at `position` to `body` as record, payload and dependency descriptor.
    ///
    /// The record's padding stands right behind the payload. The only way to a packet's bytes. `body` may have run although the answer is `.lapped`; its result is
    /// then lost and whatever it wrote must be discarded.
    @inline(always)
    package func read<Result>(
        _ pass: borrowing Pass,
        at position: UInt64,
        _ body: (RingPacket, UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> RingRead<Result> {
        guard pass.track == track, position >= pass.opensAt else { return .refused }
        let slot = Int(position & mask)
        let mark = marks[slot].load(ordering: .acquiring)
        guard mark == position &+ 1 else {
            return position >= headPosition.load(ordering: .acquiring) ? .unpublished : .lapped
        }
        let packet = packets[slot]
        let start = UnsafeRawPointer(bytes) + slot * Self.stride
        // A record torn by the writer may hold any number: the slot's own size bounds it until the check below.
        let result = body(
            packet,
            UnsafeRawBufferPointer(
                start: start + Self.maximumDescriptorByteCount,
                count: min(Int(packet.payloadLength), Self.maximumPayloadByteCount)
            ),
            UnsafeRawBufferPointer(
                start: start,
                count: min(Int(packet.descriptorLength), Self.maximumDescriptorByteCount)
            )
        )
        atomicMemoryFence(ordering: .acquiring)
        guard marks[slot].load(ordering: .relaxed) == mark else { return .lapped }
        return .packet(result)
    }
}

/// Overwrites memory in a way that the optimiser keeps although nothing reads it afterwards.
@inline(never) @_optimize(none)
private func wipe(_ bytes: UnsafeMutableRawPointer, _ count: Int) {
    bytes.initializeMemory(as: UInt8.self, repeating: 0, count: count)
}
