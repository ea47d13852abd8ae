import Disclosures
import MediaRings
import Primitives
import RTPPackets
import Testing

@Suite("The ring of one track")
struct MediaRingTests {
    @Test func lendsWhatWasPublished() throws {
        let fixture = try RingFixture()
        fixture.open()
        #expect(fixture.publish(100) == 0)
        #expect(fixture.publish(101) == 1)
        #expect(fixture.ring.head == 2)
        #expect(fixture.read(0) == .bytes(RingFixture.payload(100)))
        #expect(fixture.read(1) == .bytes(RingFixture.payload(101)))
        #expect(fixture.read(2) == .unpublished)
    }

    @Test func lendsTheRecordWithPayloadAndDescriptor() throws {
        let fixture = try RingFixture()
        fixture.open()
        let payload = (0..<MediaRing.maximumPayloadByteCount).map { UInt8(truncatingIfNeeded: $0) }
        let descriptor = (0..<MediaRing.maximumDescriptorByteCount).map { UInt8(truncatingIfNeeded: ~$0) }
        let packet = RingPacket(
            sequence: 9,
            timestamp: 3000,
            arrival: milliseconds(4),
            captureTime: 55,
            facts: PayloadFacts(),
            codec: .av1,
            marker: true,
            audioLevel: 17,
            orientation: 2
        )
        fixture.ring.publish(
            packet,
            payload: payload.span.bytes,
            dependencyDescriptor: descriptor.span.bytes
        )
        let read: (RingPacket, [UInt8], [UInt8])?? = fixture.gate.withPass(now: milliseconds(0)) { pass in
            let read = fixture.ring.read(pass, at: 0) { ($0, Array($1), Array($2)) }
            if case .packet(let content) = read { return content }
            return nil
        }
        let (record, lentPayload, lentDescriptor) = try #require(read ?? nil)
        #expect(lentPayload == payload)
        #expect(lentDescriptor == descriptor)
        #expect(record.sequence == 9)
        #expect(record.timestamp == 3000)
        #expect(record.arrival == milliseconds(4))
        #expect(record.captureTime == 55)
        #expect(record.codec == .av1)
        #expect(record.marker)
        #expect(record.audioLevel == 17)
        #expect(record.orientation == 2)
    }

    @Test func refusesWhatNoSlotHolds() throws {
        let fixture = try RingFixture()
        let packet = RingPacket(
            sequence: 1,
            timestamp: 0,
            arrival: milliseconds(0),
            facts: PayloadFacts(),
            codec: .vp8,
            marker: false
        )
        let payload = [UInt8](repeating: 1, count: MediaRing.maximumPayloadByteCount + 1)
        let descriptor = [UInt8](repeating: 1, count: MediaRing.maximumDescriptorByteCount + 1)
        #expect(fixture.ring.publish(packet, payload: payload.span.bytes) == nil)
        #expect(
            fixture.ring.publish(
                packet,
                payload: [1].span.bytes,
                dependencyDescriptor: descriptor.span.bytes
            ) == nil
        )
        #expect(fixture.ring.head == 0)
    }

    @Test func refusesAPassOfAnotherTrack() throws {
        let fixture = try RingFixture()
        let other = DisclosureGate(track: TrackID(8), audience: AudienceID(1))
        other.open(fixture.permit, from: 0, leaseEnd: .distantFuture)
        fixture.open()
        fixture.publish(1, keyframe: true)
        #expect(fixture.read(0, through: other) == .refused)
        let found = other.withPass(now: milliseconds(0)) { pass in
            (fixture.ring.newestKeyframe(pass), fixture.ring.position(ofSequence: 1, pass))
        }
        let (keyframe, position) = try #require(found)
        #expect(keyframe == nil)
        #expect(position == nil)
    }

    @Test func refusesWhatWasPublishedBeforeThePermit() throws {
        let fixture = try RingFixture()
        fixture.publish(1, keyframe: true)
        fixture.publish(2)
        fixture.open(from: fixture.ring.head)
        fixture.publish(3)
        #expect(fixture.read(0) == .refused)
        #expect(fixture.read(1) == .refused)
        #expect(fixture.read(2) == .bytes(RingFixture.payload(3)))
        #expect(fixture.newestKeyframe() == nil)
        #expect(fixture.position(ofSequence: 2) == nil)
        #expect(fixture.position(ofSequence: 3) == 2)
        fixture.publish(4, keyframe: true)
        #expect(fixture.newestKeyframe() == 3)
    }

    @Test func saysThatAReaderWasLapped() throws {
        let fixture = try RingFixture()
        fixture.open()
        for sequence in 0..<Int64(fixture.ring.capacity) + 1 { fixture.publish(sequence) }
        #expect(fixture.read(0) == .lapped)
        #expect(fixture.read(1) == .bytes(RingFixture.payload(1)))
    }

    /// The writer laps a reader in the middle of its read: the reader must learn that its bytes are no good.
    @Test func throwsAwayWhatChangedWhileItWasRead() throws {
        let fixture = try RingFixture()
        fixture.open()
        fixture.publish(0)
        var seen: [UInt8] = []
        let read: String? = fixture.gate.withPass(now: milliseconds(0)) { pass in
            let read = fixture.ring.read(pass, at: 0) { _, payload, _ in
                for sequence in 1...Int64(fixture.ring.capacity) { fixture.publish(sequence) }
                seen = Array(payload)
            }
            if case .lapped = read { return "lapped" }
            return "\(read)"
        }
        #expect(read == "lapped")
        #expect(seen == RingFixture.payload(Int64(fixture.ring.capacity)), "the slot was written anew")
    }

    @Test func readersLeaveAMarginToTheWriter() throws {
        let fixture = try RingFixture()
        fixture.open()
        let capacity = Int64(fixture.ring.capacity)
        #expect(fixture.ring.oldestReadable == 0)
        fixture.publish(0, keyframe: true)
        for sequence in 1..<capacity { fixture.publish(sequence) }
        #expect(fixture.ring.oldestReadable == UInt64(MediaRing.writerMargin))
        #expect(fixture.newestKeyframe() == nil, "it is still there, and about to be overwritten")
        #expect(fixture.position(ofSequence: Int64(MediaRing.writerMargin) - 1) == nil)
        #expect(
            fixture.position(ofSequence: Int64(MediaRing.writerMargin)) == UInt64(MediaRing.writerMargin)
        )
    }

    /// Of H.264, SPS and PPS come in packets of their own before the IDR picture: all of one timestamp.
    @Test func keyframeBeginsWithItsFirstPacket() throws {
        let fixture = try RingFixture()
        fixture.open()
        fixture.publish(1, timestamp: 3000, keyframe: true)
        fixture.publish(2, timestamp: 3000, keyframe: true)
        fixture.publish(3, timestamp: 3000)
        #expect(fixture.newestKeyframe() == 0)
        fixture.publish(4, timestamp: 6000)
        fixture.publish(5, timestamp: 9000, keyframe: true)
        fixture.publish(6, timestamp: 9000, keyframe: true)
        #expect(fixture.newestKeyframe() == 4)
    }

    @Test func findsPacketsBySequenceNumber() throws {
        let fixture = try RingFixture()
        fixture.open()
        for sequence: Int64 in [65_534, 65_536, 65_535, 65_540] { fixture.publish(sequence) }
        #expect(fixture.position(ofSequence: 65_534) == 0)
        #expect(fixture.position(ofSequence: 65_535) == 2)
        #expect(fixture.position(ofSequence: 65_536) == 1)
        #expect(fixture.position(ofSequence: 65_540) == 3)
        #expect(fixture.position(ofSequence: 65_537) == nil)
    }

    @Test func wishesForAKeyframeAreOne() throws {
        let fixture = try RingFixture()
        #expect(!fixture.ring.takeKeyframeWishes())
        fixture.ring.wishForKeyframe()
        fixture.ring.wishForKeyframe()
        #expect(fixture.ring.takeKeyframeWishes())
        #expect(!fixture.ring.takeKeyframeWishes())
    }

    @Test func knowsTheLoopsThatRead() throws {
        let fixture = try RingFixture()
        fixture.ring.setReader(loop: 0, true)
        fixture.ring.setReader(loop: 63, true)
        #expect(fixture.ring.readerLoops == (1 as UInt64) << 63 | 1)
        fixture.ring.setReader(loop: 0, false)
        #expect(fixture.ring.readerLoops == (1 as UInt64) << 63)
    }
}
