/// One section of a received description, its attributes sorted by what they describe.
///
/// Everything is read in one pass, so that a section of thousands of attributes costs no more than its length.
struct MediaSection {
    /// The most SSRCs kept: three simulcast layers with their retransmissions, twice over.
    static let maximumSSRCs = 16
    /// The most `a=extmap` lines looked at, the session's included: a one-byte header has 14 ids.
    static let maximumExtensionMaps = 64

    let index: Int
    let description: MediaDescription
    let kind: MediaKind
    let mid: String
    let direction: MediaDirection
    /// Payload types of the `m=` line, in order, each once.
    let payloadTypes: [UInt8]
    private var maps: [UInt8: Substring] = [:]
    private var parameters: [UInt8: Substring] = [:]
    private var feedback: [UInt8: FeedbackMechanisms] = [:]
    private var feedbackOfAll: FeedbackMechanisms = []
    private(set) var remoteSSRCs: [RemoteSSRC] = []
    private(set) var streamID: MediaStreamID?
    private(set) var extensionMaps: [String] = []
    let recordPreference: RecordPreference

    var isDisabled: Bool { description.isDisabled }

    /// How messages call the section.
    var place: String {
        "m-line \(index + 1) (\(SDPError.quoted(description.media)), mid \(SDPError.quoted(mid)))"
    }

    init(_ description: MediaDescription, index: Int, session: SessionDescription) throws(OfferError) {
        self.index = index
        self.description = description
        kind = MediaKind(media: description.media)
        mid = description.value("mid") ?? ""
        guard mid.isEmpty ? description.value("mid") == nil : mid.isToken else {
            throw OfferError(
                .malformed,
                "a=mid of m-line \(index + 1) is no token, got \(SDPError.quoted(mid))"
            )
        }
        direction = Self.direction(description.attributes) ?? Self.direction(session.attributes) ?? .sendrecv
        var seen: Set<UInt8> = []
        // RFC 5761 section 4: payload types 64 to 95 look like RTCP once both share a port.
        payloadTypes = description.formats.compactMap { $0.decimal(UInt8.self) }
            .filter { $0 < 128 && !(64...95).contains($0) && seen.insert($0).inserted }
        recordPreference = Self.recordPreference(session.attributes + description.attributes)
        extensionMaps = Array(
            session.attributes.lazy.filter { $0.name == "extmap" }.compactMap(\.value)
                .prefix(Self.maximumExtensionMaps)
        )
        read()
    }

    static func recordPreference(_ attributes: [SDPAttribute]) -> RecordPreference {
        attributes.filter { $0.name == "recordpref" }.map { RecordPreference($0.value ?? "") }.max() ?? .none
    }

    private static func direction(_ attributes: [SDPAttribute]) -> MediaDirection? {
        for attribute in attributes where attribute.value == nil {
            if let direction = MediaDirection(rawValue: attribute.name) { return direction }
        }
        return nil
    }

    private mutating func read() {
        var announced: [UInt32] = []
        var retransmissions: [UInt32: UInt32] = [:]
        var secondary: Set<UInt32> = []
        for attribute in description.attributes {
            guard let value = attribute.value else { continue }
            switch attribute.name {
            case "rtpmap", "fmtp", "rtcp-fb":
                guard let (head, tail) = value.cut(at: " ") else { continue }
                if attribute.name == "rtcp-fb", head == "*" {
                    feedbackOfAll.formUnion(FeedbackMechanisms(words: tail))
                }
                guard let type = head.decimal(UInt8.self) else { continue }
                switch attribute.name {
                case "rtpmap": maps[type] = maps[type] ?? tail.trimmed
                case "fmtp": parameters[type] = parameters[type] ?? tail.trimmed
                default: feedback[type, default: []].formUnion(FeedbackMechanisms(words: tail))
                }
            case "extmap":
                if extensionMaps.count < Self.maximumExtensionMaps { extensionMaps.append(value) }
            case "msid" where streamID == nil:
                streamID = Self.streamID(value[...])
            case "ssrc":
                // RFC 5576 section 4.1: ssrc:<id> <attribute>[:<value>]
                guard let (head, tail) = value.cut(at: " "), let ssrc = head.decimal(UInt32.self) else {
                    continue
                }
                if announced.count < Self.maximumSSRCs, !announced.contains(ssrc) { announced.append(ssrc) }
                if streamID == nil, let (name, id) = tail.cut(at: ":"), name == "msid" {
                    streamID = Self.streamID(id)
                }
            case "ssrc-group":
                let words = value.fields(" ")
                let ids = words.dropFirst().prefix(Self.maximumSSRCs).compactMap { $0.decimal(UInt32.self) }
                guard ids.count >= 2 else { continue }
                switch words[0] {
                case "FID":
                    // ffmpeg 8.1 announces the pair in the group alone.
                    if announced.count < Self.maximumSSRCs, !announced.contains(ids[0]) {
                        announced.append(ids[0])
                    }
                    retransmissions[ids[0]] = ids[1]
                    secondary.insert(ids[1])
                case "FEC-FR":
                    secondary.insert(ids[1])
                default:
                    continue
                }
            default:
                continue
            }
        }
        remoteSSRCs = announced.filter { !secondary.contains($0) }
            .map { RemoteSSRC(ssrc: $0, rtxSSRC: retransmissions[$0]) }
    }

    private static func streamID(_ value: Substring) -> MediaStreamID? {
        let fields = value.fields(" ")
        guard let stream = fields.first else { return nil }
        return MediaStreamID(streamID: String(stream), trackID: fields.count > 1 ? String(fields[1]) : "")
    }

    /// The codecs among `capabilities` that are described fully enough to use, in order.
    func codecs(_ capabilities: MediaCapabilities) -> [NegotiatedCodec] {
        var retransmissions: [UInt8: UInt8] = [:]
        for type in payloadTypes {
            guard maps[type]?.lowercased() == "rtx/90000", let text = parameters[type],
                let original = FormatParameters(String(text))["apt"]?.decimal(UInt8.self)
            else { continue }
            retransmissions[original] = retransmissions[original] ?? type
        }
        return payloadTypes.compactMap { type in
            guard var codec = codec(type), capabilities.codecs.contains(codec.name) else { return nil }
            codec.feedback.formIntersection(capabilities.feedback)
            codec.rtxPayloadType = kind == .video ? retransmissions[type] : nil
            return codec
        }
    }

    private func codec(_ type: UInt8) -> NegotiatedCodec? {
        guard let fields = maps[type]?.fields("/"), (2...3).contains(fields.count),
            let name = CodecName(encodingName: fields[0]), name.kind == kind,
            fields[1].decimal(UInt32.self) == name.clockRate
        else { return nil }
        let raw = parameters[type].map { String($0) } ?? ""
        let values = FormatParameters(raw)
        var profileLevelID: H264ProfileLevelID?
        switch name {
        case .vp8:
            break
        case .vp9:
            guard values["profile-id"] ?? "0" == "0" else { return nil }
        case .av1:
            guard values["profile"] ?? "0" == "0" else { return nil }
        case .opus:
            // RFC 7587 section 7: always two channels, even for mono.
            guard fields.count == 3, fields[2] == "2" else { return nil }
        case .h264:
            guard values["packetization-mode"] == "1",
                let identifier = values["profile-level-id"].map({ H264ProfileLevelID($0) }) ?? .absent,
                identifier.profile != nil
            else { return nil }
            profileLevelID = identifier
        }
        return NegotiatedCodec(
            name: name,
            payloadType: type,
            clockRate: name.clockRate,
            channels: name == .opus ? 2 : 1,
            parameters: raw,
            feedback: feedbackOfAll.union(feedback[type] ?? []),
            profileLevelID: profileLevelID,
            packetizationMode: name == .h264 ? 1 : 0,
            allowsLevelAsymmetry: values["level-asymmetry-allowed"] == "1",
            stereo: name == .opus && (values["stereo"] == "1" || values["sprop-stereo"] == "1")
        )
    }

    /// What the section offers, for a message.
    var offeredCodecs: String {
        let names = description.formats.prefix(12).map { format in
            format.decimal(UInt8.self).flatMap { maps[$0] }.map { String($0) } ?? format
        }
        return SDPError.quoted(names.joined(separator: ", "))
    }
}
