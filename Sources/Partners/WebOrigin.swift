/// The origin of a web page (RFC 6454): scheme, host and port, in the form that browsers send and CSP takes.
package struct WebOrigin: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Longer than any host name with scheme and port.
    static let longest = 300

    /// `https://host` or `https://host:port`, in lowercase; `http` for loopback only.
    package let text: String

    /// `nil` for what is no such origin: another scheme, a path, a user, a wildcard, plaintext beyond loopback.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        let lowercase = text.lowercased()
        let isSecure = lowercase.hasPrefix("https://")
        guard isSecure || lowercase.hasPrefix("http://") else { return nil }
        let authority = lowercase.dropFirst(isSecure ? 8 : 7)
        let (host, port) = Self.split(authority)
        guard let host, Self.isHost(host) else { return nil }
        let isLoopback = host == "localhost" || host == "127.0.0.1" || host == "[::1]"
        guard isSecure || isLoopback else { return nil }
        var written = (isSecure ? "https://" : "http://") + host
        if let port {
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0
            else { return nil }
            // Browsers leave the scheme's own port out.
            if number != (isSecure ? 443 : 80) { written += ":\(number)" }
        }
        self.text = written
    }

    package var description: String { text }

    package static func < (left: WebOrigin, right: WebOrigin) -> Bool { left.text < right.text }

    /// Host and port of an authority; the host is `nil` if there is none.
    private static func split(_ authority: Substring) -> (host: String?, port: Substring?) {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return (nil, nil) }
            let host = String(authority[...end])
            let rest = authority[authority.index(after: end)...]
            if rest.isEmpty { return (host, nil) }
            return rest.first == ":" ? (host, rest.dropFirst()) : (nil, nil)
        }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts.first.map(String.init), parts.count == 2 ? parts[1] : nil)
    }

    /// Letters, digits, dots and hyphens in labels, or an IPv6 address in brackets.
    private static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("[") {
            return host.utf8.count > 3
                && host.utf8.dropFirst().dropLast().allSatisfy {
                    isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E
                }
        }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { isHexadecimal($0) || (0x67...0x7A).contains($0) || $0 == 0x2D }
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
}
