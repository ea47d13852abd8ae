/// The RTCP packets that are understood; the rest are `other`.
package enum RTCPPacketKind: UInt8, Sendable, CaseIterable {
    /// SR (RFC 3550 6.4.1).
    case senderReport
    /// RR (RFC 3550 6.4.2).
    case receiverReport
    /// SDES (RFC 3550 6.5).
    case sourceDescription
    /// BYE (RFC 3550 6.6).
    case bye
    /// Generic NACK (RFC 4585 6.2.1).
    case genericNACK
    /// PLI (RFC 4585 6.3.1).
    case pictureLossIndication
    /// FIR (RFC 5104 4.3.1).
    case fullIntraRequest
    /// REMB (draft-alvestrand-rmcat-remb 2.2).
    case receiverEstimate
    /// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1).
    case transportFeedback
    case other
}

/// Numbers of RTCP's wire format.
enum RTCPFormat {
    static let headerByteCount = 4
    static let senderReport: UInt8 = 200
    static let receiverReport: UInt8 = 201
    static let sourceDescription: UInt8 = 202
    static let bye: UInt8 = 203
    static let transportLayerFeedback: UInt8 = 205
    static let payloadSpecificFeedback: UInt8 = 206
    /// FMT of RTPFB.
    static let genericNACK: UInt8 = 1
    static let transportWide: UInt8 = 15
    /// FMT of PSFB.
    static let pictureLossIndication: UInt8 = 1
    static let fullIntraRequest: UInt8 = 4
    static let applicationLayer: UInt8 = 15
    /// "REMB".
    static let receiverEstimateName: UInt32 = 0x5245_4D42
    /// SDES item type of the canonical name.
    static let canonicalName: UInt8 = 1
    /// Bytes of an SR's sender part with header: where its report blocks begin.
    static let senderReportByteCount = 28
    /// Bytes of header, sender and media SSRC of a feedback packet.
    static let feedbackHeaderByteCount = 12
    /// Counts have five bits.
    static let maximumCount = 31
}
