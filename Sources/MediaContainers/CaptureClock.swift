import RTPPackets

/// Tells capture times that follow a sender report from those that a relay put in their place.
///
/// Those of a report are a straight line over timestamps; the relay's own clock has the network's jitter in it.
struct CaptureClock: Sendable {
    private var last: (timestamp: UInt32, time: NTPTimestamp)?
    private var agreements = 0

    /// How far two packets may lie from the line: what rounding makes of them, and no network.
    private static let toleranceNanoseconds: Int64 = 20_000
    /// Packets in a row that have to lie on it.
    private static let wantedAgreements = 5
    /// One report in so many packets is enough.
    private static let repetition = 50

    /// What amounts to a sender report; `nil` if this packet is none, or one was given a moment ago.
    mutating func report(_ packet: RecordedPacket, rate: UInt32) -> NTPTimestamp? {
        guard packet.captureTime != 0 else { return nil }
        let time = NTPTimestamp(rawValue: packet.captureTime)
        guard let last else {
            self.last = (packet.timestamp, time)
            return nil
        }
        let ticks = RTPTimestamp.distance(from: last.timestamp, to: packet.timestamp)
        guard ticks != 0 else { return nil }
        self.last = (packet.timestamp, time)
        let expected = Int64(ticks) * 1_000_000_000 / Int64(rate)
        let passed = time.nanosecondsSince1970 &- last.time.nanosecondsSince1970
        guard abs(passed &- expected) <= Self.toleranceNanoseconds else {
            agreements = 0
            return nil
        }
        agreements += 1
        guard agreements >= Self.wantedAgreements, (agreements - Self.wantedAgreements) % Self.repetition == 0
        else {
            return nil
        }
        return time
    }
}
