/// A body of `application/trickle-ice-sdpfrag` (RFC 8840): candidates that come after the offer, or the new
/// credentials of an ICE restart.
package struct TrickleFragment: Equatable, Sendable {
    /// The longest fragment read: some hundred candidates.
    package static let maximumBytes = 16 * 1024

    package var iceUfrag: String?
    package var icePassword: String?
    /// The section meant: of several, the first, whose transport is everyone's (RFC 9725 section 4.3.1).
    package var mid: String?
    /// Numeric UDP candidates; others are passed over in silence.
    package var candidates: [ICECandidate] = []
    package var endOfCandidates = false

    package init() {}

    /// Reads a fragment; lines it does not know are passed over.
    package static func parse(_ text: some StringProtocol) throws(SDPError) -> TrickleFragment {
        try parse(Array(text.utf8))
    }

    /// Reads a fragment as it came; lines it does not know are passed over.
    package static func parse(_ bytes: [UInt8]) throws(SDPError) -> TrickleFragment {
        var fragment = TrickleFragment()
        var sections = 0
        for line in try SDPLine.read(bytes, maximumBytes: maximumBytes) {
            if line.type == UInt8(ascii: "m") { sections += 1 }
            guard line.type == UInt8(ascii: "a"), sections <= 1 else { continue }
            let attribute = try line.attribute()
            let value = attribute.value ?? ""
            func check(_ holds: Bool, _ rule: String) throws(SDPError) {
                // A password is a secret, and messages are logged.
                guard !holds else { return }
                throw attribute.name == "ice-pwd"
                    ? SDPError(.badAttribute, line: line.number, rule)
                    : SDPError(.badAttribute, line: line.number, rule, value: value)
            }
            switch attribute.name {
            case "ice-ufrag":
                try check(value.isICEUfrag, "a=ice-ufrag has 4 to 256 ICE characters")
                fragment.iceUfrag = fragment.iceUfrag ?? value
            case "ice-pwd":
                try check(value.isICEPassword, "a=ice-pwd has 22 to 256 ICE characters")
                fragment.icePassword = fragment.icePassword ?? value
            case "mid":
                try check(value.isToken, "a=mid is a token")
                fragment.mid = fragment.mid ?? value
            case "candidate":
                guard let candidate = ICECandidate(parsing: value), candidate.isUDP, candidate.component == 1,
                    fragment.candidates.count < RemoteTransport.maximumCandidates
                else { continue }
                fragment.candidates.append(candidate)
            case "end-of-candidates":
                fragment.endOfCandidates = true
            default:
                continue
            }
        }
        return fragment
    }

    /// The 200 answer to an ICE restart of `session`: `local`'s new credentials and all its candidates.
    package static func restartAnswer(_ local: LocalTransport, session: NegotiatedSession) -> String {
        var lines: [String] = []
        if local.isLite { lines.append("a=ice-lite") }
        if !session.bundledMids.isEmpty {
            lines.append("a=group:BUNDLE " + session.bundledMids.joined(separator: " "))
        }
        let tagged =
            session.bundledMids.first.flatMap { mid in session.media.first { $0.accepted && $0.mid == mid } }
            ?? session.media.first(where: \.accepted)
        if let tagged {
            let type = tagged.codecs.first.map { "\($0.payloadType)" } ?? "0"
            lines.append("m=\(tagged.kind.rawValue) 9 UDP/TLS/RTP/SAVPF \(type)")
            if !tagged.mid.isEmpty { lines.append("a=mid:\(tagged.mid)") }
        }
        lines += ["a=ice-ufrag:\(local.iceUfrag)", "a=ice-pwd:\(local.icePassword)"]
        lines += local.orderedCandidates.map { "a=candidate:\($0.text)" }
        lines.append("a=end-of-candidates")
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    /// The fragment as a client sends it, for the section called `mid` of kind `kind`.
    package func text(kind: MediaKind) -> String {
        var lines: [String] = []
        if let iceUfrag { lines.append("a=ice-ufrag:\(iceUfrag)") }
        if let icePassword { lines.append("a=ice-pwd:\(icePassword)") }
        lines.append("m=\(kind.rawValue) 9 UDP/TLS/RTP/SAVPF 0")
        if let mid { lines.append("a=mid:\(mid)") }
        lines += candidates.map { "a=candidate:\($0.text)" }
        if endOfCandidates { lines.append("a=end-of-candidates") }
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
