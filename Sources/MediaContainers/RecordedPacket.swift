import Primitives
import RTPPackets

/// One RTP packet as a recorder reads it from a ring.
package struct RecordedPacket: Sendable {
    /// Extended sequence number.
    package var sequence: Int64
    package var timestamp: UInt32
    package var marker: Bool
    /// When the relay received it.
    package var arrival: MonotonicTime
    /// When the publisher captured it, as NTP, if a sender report has said so; 0 or any other clock's time if not.
    package var captureTime: UInt64
    /// Counts the sources (SSRCs) of the track: numbers and timestamps of one have nothing to do with those of the
    /// next.
    package var source: UInt32
    package var payload: [UInt8]

    package init(
        sequence: Int64,
        timestamp: UInt32,
        marker: Bool,
        arrival: MonotonicTime,
        captureTime: UInt64 = 0,
        source: UInt32 = 0,
        payload: [UInt8]
    ) {
        self.sequence = sequence
        self.timestamp = timestamp
        self.marker = marker
        self.arrival = arrival
        self.captureTime = captureTime
        self.source = source
        self.payload = payload
    }
}
