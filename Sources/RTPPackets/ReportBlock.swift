/// One reception report block of an SR or RR (RFC 3550 6.4.1).
package struct ReportBlock: Sendable, Equatable {
    /// Bytes of a block on the wire.
    package static let byteCount = 24

    /// The stream that is reported on.
    package var ssrc: UInt32
    /// Lost since the report before, in 256ths.
    package var fractionLost: UInt8
    /// Lost since the start, 24 bits signed.
    package var cumulativeLost: Int32
    /// Cycles and highest sequence number received.
    package var highestSequence: UInt32
    /// Interarrival jitter in timestamp ticks.
    package var jitter: UInt32
    /// Middle 32 bits of the last SR's NTP time; 0 if none arrived.
    package var lastSenderReport: UInt32
    /// Units of 1/65536 s since that SR arrived.
    package var delaySinceLastSenderReport: UInt32

    package init(
        ssrc: UInt32,
        fractionLost: UInt8 = 0,
        cumulativeLost: Int32 = 0,
        highestSequence: UInt32 = 0,
        jitter: UInt32 = 0,
        lastSenderReport: UInt32 = 0,
        delaySinceLastSenderReport: UInt32 = 0
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.highestSequence = highestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }
}

/// The sender's part of an SR (RFC 3550 6.4.1).
package struct SenderReport: Sendable, Equatable {
    package var ssrc: UInt32
    package var ntpTime: NTPTimestamp
    /// The same moment on the stream's RTP clock.
    package var rtpTimestamp: UInt32
    package var packetCount: UInt32
    /// Payload bytes sent, without headers and padding.
    package var octetCount: UInt32

    package init(
        ssrc: UInt32,
        ntpTime: NTPTimestamp,
        rtpTimestamp: UInt32,
        packetCount: UInt32,
        octetCount: UInt32
    ) {
        self.ssrc = ssrc
        self.ntpTime = ntpTime
        self.rtpTimestamp = rtpTimestamp
        self.packetCount = packetCount
        self.octetCount = octetCount
    }
}
