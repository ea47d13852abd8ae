import Primitives

/// Which addresses an endpoint may be at.
///
/// Its URL is the operator's word, yet a name can be made to point anywhere later. What an outsider could reach
/// through the relay that way is refused: link-local addresses, and those where clouds keep the credentials of
/// their machines.
package enum AddressPolicy {
    /// Outside of 169.254.0.0/16 and fe80::/10, and known to hand out credentials or configuration.
    private static let metadata: [SocketAddress] = [
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254",
    ].compactMap { SocketAddress(host: $0, port: 0) }

    /// Whether an endpoint may be told at this address.
    static func allows(_ address: SocketAddress, plaintext: Bool, linkLocal: Bool) -> Bool {
        let inner = embeddedIPv4(address) ?? address.with(port: 0)
        // Plaintext has no certificate that says who answers, and so never leaves the machine.
        if plaintext { return inner.isLoopback }
        guard !isNobody(inner) else { return false }
        return linkLocal || !(isLinkLocal(inner) || metadata.contains(inner))
    }

    /// Whether a server's candidate may be sent media, and before that connectivity checks.
    ///
    /// A server on this machine may be reached on this machine; nobody else may send checks around in it.
    package static func allowsMedia(_ address: SocketAddress, ofServerHere isHere: Bool) -> Bool {
        let inner = embeddedIPv4(address) ?? address.with(port: 0)
        guard address.port != 0, !isNobody(inner) else { return false }
        return isHere || !(inner.isLoopback || isLinkLocal(inner) || metadata.contains(inner))
    }

    /// The IPv4 address that an IPv6 one stands for: mapped (RFC 4291), translated (RFC 6052) or 6to4 (RFC 3056).
    private static func embeddedIPv4(_ address: SocketAddress) -> SocketAddress? {
        guard address.isIPv6 else { return nil }
        let last = UInt32(truncatingIfNeeded: address.low)
        if address.high == 0, address.low >> 32 == 0xFFFF { return SocketAddress(ipv4: last, port: 0) }
        if address.high == 0x0064_FF9B_0000_0000, address.low >> 32 == 0 {
            return SocketAddress(ipv4: last, port: 0)
        }
        if address.high >> 48 == 0x2002 {
            return SocketAddress(ipv4: UInt32(truncatingIfNeeded: address.high >> 16), port: 0)
        }
        return nil
    }

    /// Unspecified, multicast, broadcast and reserved addresses are no single machine's.
    private static func isNobody(_ address: SocketAddress) -> Bool {
        if address.isIPv6 { return (address.high == 0 && address.low == 0) || address.high >> 56 == 0xFF }
        return address.low >> 24 == 0 || address.low >> 28 >= 0xE
    }

    private static func isLinkLocal(_ address: SocketAddress) -> Bool {
        address.isIPv6 ? address.high >> 54 == 0xFE80 >> 6 : address.low >> 16 == 0xA9FE
    }
}
