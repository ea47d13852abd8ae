import Foundation
import Primitives

/// The URL of a server that an operator names: https anywhere, or plaintext http on this machine itself.
package struct ServerURL: Sendable, Hashable, CustomStringConvertible {
    /// What request lines take everywhere.
    static let longest = 2_048

    package let text: String
    /// The host without brackets.
    package let host: String
    /// Plaintext http, and so toward loopback only.
    package let isPlaintext: Bool

    /// `nil` for what is no such URL: another scheme, no host, a user, a fragment, plaintext beyond this machine.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, parts.user == nil, parts.password == nil, parts.fragment == nil
        else { return nil }
        let name = String(host.drop { $0 == "[" }.prefix { $0 != "]" })
        guard !name.isEmpty, parts.port.map({ (1...65_535).contains($0) }) ?? true else { return nil }
        switch scheme {
        case "https": isPlaintext = false
        case "http" where Self.namesLoopback(name): isPlaintext = true
        default: return nil
        }
        self.text = text
        self.host = name
    }

    /// Where a server's `Location` leads, absolute or relative to this URL (RFC 9110 10.2.2).
    ///
    /// `nil` for what is no server's URL, and for plaintext where this URL is not.
    package func resolving(_ reference: String) -> ServerURL? {
        guard reference.utf8.count <= Self.longest, let base = URL(string: text),
            let target = URL(string: reference, relativeTo: base)?.absoluteURL.absoluteString,
            let resolved = ServerURL(target), isPlaintext || !resolved.isPlaintext
        else { return nil }
        return resolved
    }

    package var description: String { text }

    private static func namesLoopback(_ host: String) -> Bool {
        host.lowercased() == "localhost" || SocketAddress(host: host, port: 0)?.isLoopback == true
    }
}
