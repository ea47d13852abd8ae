import Primitives
import RTPPackets

/// What a ring remembers of one packet beside its bytes; plain values only.
package struct RingPacket: Sendable {
    /// The publisher's sequence number, extended, with the gaps of dropped padding closed.
    package var sequence: Int64
    /// The publisher's RTP timestamp.
    package var timestamp: UInt32
    /// When the relay received it.
    package var arrival: MonotonicTime
    /// When the publisher captured it, as NTP (RFC 3550 4); 0 if unknown.
    package var captureTime: UInt64
    package var facts: PayloadFacts
    package var codec: MediaCodec
    package var marker: Bool
    /// The capture time is by the publisher's sender reports; else by the relay's clock at the packet's arrival.
    package var hasSenderClock: Bool
    /// Counts the publisher's sources (SSRCs) of this track: numbers, timestamps and pictures of one have
    /// nothing to do with those of the next.
    package var source: UInt32
    /// The audio level extension's byte (RFC 6464): voice flag and level; `nil` without one.
    package var audioLevel: UInt8?
    /// The coordination-of-video-orientation byte (3GPP TS 26.114); `nil` without one.
    package var orientation: UInt8?
    /// Bytes of the dependency descriptor, which stand before the payload; 0 without one.
    package var descriptorLength: UInt8 = 0
    /// Bytes of payload; 0 for a packet that only fills a gap of padding.
    package var payloadLength: UInt16 = 0
    /// Bytes of RTP padding (RFC 3550 5.1) that stand behind the payload and are sent with it.
    package internal(set) var paddingLength: UInt8 = 0

    package init(
        sequence: Int64,
        timestamp: UInt32,
        arrival: MonotonicTime,
        captureTime: UInt64 = 0,
        facts: PayloadFacts,
        codec: MediaCodec,
        marker: Bool,
        hasSenderClock: Bool = false,
        source: UInt32 = 0,
        audioLevel: UInt8? = nil,
        orientation: UInt8? = nil
    ) {
        self.sequence = sequence
        self.timestamp = timestamp
        self.arrival = arrival
        self.captureTime = captureTime
        self.facts = facts
        self.codec = codec
        self.marker = marker
        self.hasSenderClock = hasSenderClock
        self.source = source
        self.audioLevel = audioLevel
        self.orientation = orientation
    }
}

/// What came of a read.
package enum RingRead<Result> {
    /// The slot held still while it was read.
    case packet(Result)
    /// Nothing has been published there yet.
    case unpublished
    /// The writer has overtaken the slot, perhaps while it was read: what was made of it must be thrown away.
    case lapped
    /// The pass is for another track, or the position lies before its permit.
    case refused
}
