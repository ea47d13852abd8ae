import Primitives

/// A numeric ICE candidate (RFC 8839 section 5.1); names such as mDNS's are no candidates to this relay.
package struct ICECandidate: Hashable, Sendable {
    /// How the address was found.
    package enum Kind: String, Sendable {
        case host
        case serverReflexive = "srflx"
        case peerReflexive = "prflx"
        case relayed = "relay"
    }

    package var foundation: String
    /// 1 for RTP, and for everything with `rtcp-mux`.
    package var component: UInt16
    /// Whether the transport is UDP; otherwise it is some TCP form.
    package var isUDP: Bool
    package var priority: UInt32
    package var address: SocketAddress
    package var kind: Kind

    /// A UDP host candidate of component 1; `preference` orders several, highest first.
    package init(host address: SocketAddress, preference: UInt16? = nil) {
        let preference = preference ?? (address.isIPv6 ? 65_534 : 65_535)
        // RFC 8445 section 5.1.2.1: type preference 126 for host, 256 minus the component.
        priority = UInt32(126) << 24 | UInt32(preference) << 8 | 255
        foundation = address.isIPv6 ? "2" : "1"
        component = 1
        isUDP = true
        self.address = address
        kind = .host
    }

    /// Reads an attribute's value, with or without the leading `candidate:`.
    ///
    /// `nil` if it is malformed, names a host or has a kind this relay does not know. Extensions behind `typ`
    /// are passed over.
    package init?(parsing text: some StringProtocol) {
        var line = Substring(text).trimmed
        if line.hasPrefix("candidate:") { line = Substring(line.utf8.dropFirst("candidate:".utf8.count)) }
        let fields = line.fields(" ")
        guard fields.count >= 8, (1...32).contains(fields[0].utf8.count),
            fields[0].isToken || fields[0].isICEText,
            let component = fields[1].decimal(UInt16.self), (1...256).contains(component),
            let priority = fields[3].decimal(UInt32.self), let port = fields[5].decimal(UInt16.self),
            let address = SocketAddress(host: fields[4], port: port), fields[6] == "typ",
            let kind = Kind(rawValue: String(fields[7]))
        else { return nil }
        foundation = String(fields[0])
        self.component = component
        isUDP = fields[2].lowercased() == "udp"
        self.priority = priority
        self.address = address
        self.kind = kind
    }

    /// The attribute's value, without `a=candidate:`.
    package var text: String {
        "\(foundation) \(component) \(isUDP ? "udp" : "tcp") \(priority) \(address.host) \(address.port) "
            + "typ \(kind.rawValue)"
    }
}

extension StringProtocol {
    /// Visible ASCII without `:`, which separates the two fragments in a STUN USERNAME.
    ///
    /// RFC 8839 allows letters, digits, `+` and `/` alone; some stacks write other marks.
    var isICEText: Bool { !utf8.isEmpty && utf8.allSatisfy { (33...126).contains($0) && $0 != 58 } }

    /// RFC 8839 section 5.4: 4 to 256 characters.
    var isICEUfrag: Bool { (4...256).contains(utf8.count) && isICEText }

    /// RFC 8839 section 5.4: 22 to 256 characters.
    var isICEPassword: Bool { (22...256).contains(utf8.count) && isICEText }
}
