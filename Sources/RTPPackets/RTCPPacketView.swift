import Primitives

/// One RTCP packet inside a datagram.
///
/// Its fixed part was checked to be there; lists are walked by index and answer `nil` past what the packet
/// holds.
package struct RTCPPacketView: ~Escapable {
    /// The packet from its header on, without padding.
    package let span: RawSpan
    package let kind: RTCPPacketKind
    /// The packet type byte, 200 to 207 in common use.
    package let packetType: UInt8
    /// Report, source or chunk count, or the feedback format.
    package let count: UInt8
    /// The first SSRC after the header: the sender of the packet, or of SDES and BYE the first source.
    package let senderSSRC: UInt32

    /// `nil` if the packet is too short for its kind.
    @_lifetime(copy span)
    init?(_ span: RawSpan, type: UInt8, count: UInt8) {
        self.span = span
        packetType = type
        self.count = count
        senderSSRC = span.bigEndianUInt32(at: 4) ?? 0
        kind = Self.kind(span, type: type, count: count)
        let minimum: Int
        switch kind {
        case .senderReport:
            minimum = RTCPFormat.senderReportByteCount + Int(count) * ReportBlock.byteCount
        case .receiverReport:
            minimum = 8 + Int(count) * ReportBlock.byteCount
        case .sourceDescription:
            minimum = count > 0 ? 8 : 4
        case .bye:
            minimum = 4 + 4 * Int(count)
        case .genericNACK, .pictureLossIndication, .fullIntraRequest:
            minimum = RTCPFormat.feedbackHeaderByteCount
        case .receiverEstimate:
            minimum = 20 + 4 * Int(span.byte(at: 16) ?? 0)
        case .transportFeedback:
            minimum = TransportFeedback.chunksOffset
        case .other:
            minimum = RTCPFormat.headerByteCount
        }
        guard span.byteCount >= minimum else { return nil }
    }

    private static func kind(_ span: RawSpan, type: UInt8, count: UInt8) -> RTCPPacketKind {
        switch (type, count) {
        case (RTCPFormat.senderReport, _): .senderReport
        case (RTCPFormat.receiverReport, _): .receiverReport
        case (RTCPFormat.sourceDescription, _): .sourceDescription
        case (RTCPFormat.bye, _): .bye
        case (RTCPFormat.transportLayerFeedback, RTCPFormat.genericNACK): .genericNACK
        case (RTCPFormat.transportLayerFeedback, RTCPFormat.transportWide): .transportFeedback
        case (RTCPFormat.payloadSpecificFeedback, RTCPFormat.pictureLossIndication): .pictureLossIndication
        case (RTCPFormat.payloadSpecificFeedback, RTCPFormat.fullIntraRequest): .fullIntraRequest
        case (RTCPFormat.payloadSpecificFeedback, RTCPFormat.applicationLayer)
        where span.bigEndianUInt32(at: 12) == RTCPFormat.receiverEstimateName: .receiverEstimate
        default: .other
        }
    }
}

/// Reports.
extension RTCPPacketView {
    /// The sender's part of an SR; `nil` of other kinds.
    package var senderReport: SenderReport? {
        guard kind == .senderReport, let high = span.bigEndianUInt32(at: 8),
            let low = span.bigEndianUInt32(at: 12), let rtp = span.bigEndianUInt32(at: 16),
            let packets = span.bigEndianUInt32(at: 20), let octets = span.bigEndianUInt32(at: 24)
        else { return nil }
        return SenderReport(
            ssrc: senderSSRC,
            ntpTime: NTPTimestamp(rawValue: UInt64(high) << 32 | UInt64(low)),
            rtpTimestamp: rtp,
            packetCount: packets,
            octetCount: octets
        )
    }

    /// Report blocks of an SR or RR; 0 of other kinds.
    package var reportBlockCount: Int {
        kind == .senderReport || kind == .receiverReport ? Int(count) : 0
    }

    /// The report block at `index`, or `nil` past the last.
    package func reportBlock(at index: Int) -> ReportBlock? {
        guard index >= 0, index < reportBlockCount else { return nil }
        let start = kind == .senderReport ? RTCPFormat.senderReportByteCount : 8
        let offset = start + index * ReportBlock.byteCount
        guard let ssrc = span.bigEndianUInt32(at: offset), let loss = span.bigEndianUInt32(at: offset + 4),
            let highest = span.bigEndianUInt32(at: offset + 8),
            let jitter = span.bigEndianUInt32(at: offset + 12),
            let last = span.bigEndianUInt32(at: offset + 16),
            let delay = span.bigEndianUInt32(at: offset + 20)
        else { return nil }
        return ReportBlock(
            ssrc: ssrc,
            fractionLost: UInt8(truncatingIfNeeded: loss >> 24),
            // The shifts carry the sign of the 24-bit number.
            cumulativeLost: Int32(bitPattern: loss << 8) >> 8,
            highestSequence: highest,
            jitter: jitter,
            lastSenderReport: last,
            delaySinceLastSenderReport: delay
        )
    }
}

/// Sources: SDES and BYE.
extension RTCPPacketView {
    /// Where the canonical name of `ssrc` lies in `span`; of the first chunk if `ssrc` is `nil`.
    package func canonicalName(of ssrc: UInt32? = nil) -> Range<Int>? {
        guard kind == .sourceDescription else { return nil }
        var offset = RTCPFormat.headerByteCount
        for _ in 0..<count {
            guard let source = span.bigEndianUInt32(at: offset) else { return nil }
            offset += 4
            // Items: type, length, text; a zero ends the chunk, which is padded to a word (RFC 3550 6.5).
            while let type = span.byte(at: offset), type != 0 {
                guard let length = span.byte(at: offset + 1) else { return nil }
                let range = (offset + 2)..<(offset + 2 + Int(length))
                guard range.upperBound <= span.byteCount else { return nil }
                if type == RTCPFormat.canonicalName, ssrc ?? source == source { return range }
                offset = range.upperBound
            }
            guard ssrc != nil else { return nil }
            offset = (offset + 4) & ~3
        }
        return nil
    }

    /// Sources of a BYE; 0 of other kinds.
    package var byeSourceCount: Int { kind == .bye ? Int(count) : 0 }

    /// The source at `index` of a BYE, or `nil` past the last.
    package func byeSource(at index: Int) -> UInt32? {
        guard index >= 0, index < byeSourceCount else { return nil }
        return span.bigEndianUInt32(at: 4 + 4 * index)
    }

    /// Where the reason of a BYE lies in `span`; `nil` without one.
    package var byeReason: Range<Int>? {
        guard kind == .bye else { return nil }
        let offset = 4 + 4 * byeSourceCount
        guard let length = span.byte(at: offset), length > 0 else { return nil }
        let range = (offset + 1)..<(offset + 1 + Int(length))
        return range.upperBound <= span.byteCount ? range : nil
    }
}

/// Feedback.
extension RTCPPacketView {
    /// The SSRC of the media that a feedback packet is about; `nil` of other kinds.
    ///
    /// FIR, REMB and transport-wide feedback do not rely on it.
    package var mediaSSRC: UInt32? {
        guard
            packetType == RTCPFormat.transportLayerFeedback
                || packetType == RTCPFormat.payloadSpecificFeedback
        else { return nil }
        return span.bigEndianUInt32(at: 8)
    }

    /// The sequence numbers that a generic NACK asks for; of other kinds, none.
    package var lostSequences: LostSequences {
        @_lifetime(copy self)
        get { LostSequences(span, isPresent: kind == .genericNACK) }
    }

    /// Entries of a FIR; 0 of other kinds.
    package var fullIntraRequestCount: Int {
        kind == .fullIntraRequest ? (span.byteCount - RTCPFormat.feedbackHeaderByteCount) / 8 : 0
    }

    /// The stream and command number of a FIR's entry, or `nil` past the last (RFC 5104 4.3.1.1).
    package func fullIntraRequest(at index: Int) -> (ssrc: UInt32, commandSequence: UInt8)? {
        guard index >= 0, index < fullIntraRequestCount else { return nil }
        let offset = RTCPFormat.feedbackHeaderByteCount + 8 * index
        guard let ssrc = span.bigEndianUInt32(at: offset), let sequence = span.byte(at: offset + 4) else {
            return nil
        }
        return (ssrc, sequence)
    }

    /// The estimate of a REMB in bits per second, saturating; `nil` of other kinds.
    package var estimatedBitsPerSecond: UInt64? {
        guard kind == .receiverEstimate, let word = span.bigEndianUInt32(at: 16) else { return nil }
        // Number of SSRCs (8), exponent (6), mantissa (18).
        let exponent = UInt64(word >> 18 & 0x3F)
        let mantissa = UInt64(word & 0x3FFFF)
        guard mantissa > 0 else { return 0 }
        return exponent <= UInt64(mantissa.leadingZeroBitCount) ? mantissa << exponent : .max
    }

    /// Streams that a REMB speaks of; 0 of other kinds.
    package var estimatedSourceCount: Int {
        kind == .receiverEstimate ? Int(span.byte(at: 16) ?? 0) : 0
    }

    /// The stream at `index` of a REMB, or `nil` past the last.
    package func estimatedSource(at index: Int) -> UInt32? {
        guard index >= 0, index < estimatedSourceCount else { return nil }
        return span.bigEndianUInt32(at: 20 + 4 * index)
    }

    /// Transport-wide feedback; `nil` of other kinds and if its chunks or deltas are malformed.
    package var transportFeedback: TransportFeedback? {
        @_lifetime(copy self)
        get {
            guard kind == .transportFeedback else { return nil }
            return TransportFeedback(parsing: span)
        }
    }
}
