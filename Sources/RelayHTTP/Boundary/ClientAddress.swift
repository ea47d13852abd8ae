import Hummingbird
import Primitives

/// The address that limits count a client by.
struct ClientAddress: Sendable {
    /// Whether the last entry of `X-Forwarded-For` counts if the connection comes from loopback (a TLS proxy).
    let trustsLoopbackProxy: Bool

    /// An IPv4 address, or the /64 of an IPv6 one (what one client can pick from freely); empty if unknown.
    func key(for request: Request, _ context: RelayRequestContext) -> String {
        key(peer: context.peerAddress, headers: request.headers)
    }

    func key(peer: String, headers: HTTPFields) -> String {
        var address = peer
        if trustsLoopbackProxy, isLoopback(address),
            let forwarded = headers[values: .xForwardedFor].last?.split(separator: ",").last
        {
            let text = forwarded.trimmingPrefix { $0 == " " }.prefix(while: { $0 != " " })
            // What is no address cannot name a client; it must not make buckets either.
            if SocketAddress(host: text, port: 0) != nil { address = String(text) }
        }
        return address.contains(":") ? network64(address) : address
    }

    /// The first four groups, with `::` expanded as far as they need.
    private func network64(_ address: String) -> String {
        let halves = address.lowercased().split(
            separator: "::",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let head = halves[0].split(separator: ":")
        // An IPv4 address in IPv6 clothes (::ffff:192.0.2.1) counts as the IPv4 address.
        if let last = address.split(separator: ":").last, last.contains(".") { return String(last) }
        var groups = head.map { String($0) }
        if halves.count == 2 {
            let tail = halves[1].split(separator: ":").map { String($0) }
            groups += Array(repeating: "0", count: max(0, 8 - groups.count - tail.count)) + tail
        }
        return groups.prefix(4).joined(separator: ":") + "::/64"
    }
}

/// Whether a literal address or host name is this machine only.
func isLoopback(_ host: String) -> Bool {
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    if bare == "localhost" || bare == "::1" || bare == "0:0:0:0:0:0:0:1" { return true }
    let octets = bare.split(separator: ".", omittingEmptySubsequences: false)
    return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
}
