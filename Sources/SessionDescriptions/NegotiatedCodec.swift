/// One codec of a media section that both sides can use, under the payload type the offer gave it.
package struct NegotiatedCodec: Hashable, Sendable {
    package let name: CodecName
    package let payloadType: UInt8
    package let clockRate: UInt32
    /// 2 for Opus whatever is coded (RFC 7587 section 7), 1 for video.
    package let channels: UInt8
    /// The other side's `a=fmtp` value without the payload type; empty without one.
    package let parameters: String
    /// The payload type of its retransmissions (RFC 4588), if both sides have one.
    package internal(set) var rtxPayloadType: UInt8?
    package internal(set) var feedback: FeedbackMechanisms
    /// H.264 only; the meaning of absence is filled in.
    package let profileLevelID: H264ProfileLevelID?
    /// H.264 only; 0 otherwise.
    package let packetizationMode: UInt8
    /// H.264 only: whether each side may send a level of its own.
    package let allowsLevelAsymmetry: Bool
    /// Opus only: the other side's `stereo=1` or `sprop-stereo=1`.
    package let stereo: Bool

    /// The `a=fmtp` value of our description for this codec; `nil` where none is needed.
    var answeredParameters: String? {
        let offered = FormatParameters(parameters)
        var result: [String]
        switch name {
        case .opus:
            result = offered.numbers([
                "minptime", "maxplaybackrate", "maxaveragebitrate", "usedtx", "cbr",
            ])
            if offered["minptime"] == nil { result.insert("minptime=10", at: 0) }
            result.append("useinbandfec=1")
            // Chromium and Safari decode to mono unless both descriptions say stereo.
            if stereo { result += ["stereo=1", "sprop-stereo=1"] }
        case .h264:
            result = allowsLevelAsymmetry ? ["level-asymmetry-allowed=1"] : []
            result.append("packetization-mode=\(packetizationMode)")
            if let profileLevelID { result.append("profile-level-id=\(profileLevelID.text)") }
        case .vp9:
            result = offered.numbers(["profile-id"])
        case .av1:
            result = offered.numbers(["level-idx", "profile", "tier"])
        case .vp8:
            result = []
        }
        return result.isEmpty ? nil : result.joined(separator: ";")
    }
}
