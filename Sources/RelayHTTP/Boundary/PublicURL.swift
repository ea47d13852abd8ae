import Hummingbird

/// Makes absolute URLs of this relay: some clients resolve relative ones against the wrong base.
struct PublicURL: Sendable {
    /// `http.publicURL` without its last slash; empty if not configured.
    let configured: String
    let overTLS: Bool
    /// Used where a request has no usable `Host`.
    let fallbackAuthority: String

    /// The absolute URL of a path that begins with a slash.
    func absolute(_ path: String, for request: Request) -> String {
        guard configured.isEmpty else { return configured + path }
        let named = request.head.authority ?? ""
        let authority = Self.isAuthority(named) ? named : fallbackAuthority
        return (overTLS ? "https://" : "http://") + authority + path
    }

    /// Whether an `Origin` field names this relay itself.
    func isOwn(_ origin: String, _ request: Request) -> Bool {
        let own = absolute("/", for: request).dropLast()
        return own == origin || own.hasPrefix(origin + "/")
    }

    /// Host and port of RFC 3986 in the characters that names and addresses are made of.
    static func isAuthority(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x3A).contains(byte) || (0x41...0x5B).contains(byte) || byte == 0x5D
                    || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
            }
    }
}
