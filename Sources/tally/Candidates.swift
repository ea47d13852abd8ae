import ArgumentParser
import Primitives
import RelayHTTP
import RelayRuntime

/// Which addresses media uses: to bind, and to advertise.
enum Candidates {
    /// The address to bind; empty means all, IPv4 and IPv6.
    static func bindAddress(_ udp: TallyConfiguration.UDP) throws -> SocketAddress {
        let host = udp.host.isEmpty ? "::" : udp.host
        guard let address = SocketAddress(host: host, port: UInt16(udp.port)) else {
            throw ValidationError("udp.host: \"\(udp.host)\" is not a numeric address")
        }
        return address
    }

    /// The configured addresses, else the bound one, else this machine's own with IPv4 first, else loopback.
    static func choose(_ udp: TallyConfiguration.UDP) throws -> [SocketAddress] {
        guard udp.candidates.isEmpty else {
            return try udp.candidates.map { text in
                guard let address = SocketAddress(host: text, port: 0) else {
                    throw ValidationError("udp.candidates: \"\(text)\" is not a numeric address")
                }
                return address
            }
        }
        if !udp.host.isEmpty, let bound = SocketAddress(host: udp.host, port: 0), !isWildcard(bound) {
            return [bound]
        }
        let detected = InterfaceAddresses.detect()
        let ordered = detected.filter { !$0.isIPv6 } + detected.filter(\.isIPv6)
        return ordered.isEmpty ? [SocketAddress(ipv4: 0x7F00_0001, port: 0)] : ordered
    }

    private static func isWildcard(_ address: SocketAddress) -> Bool {
        address.high == 0 && address.low == 0
    }
}
