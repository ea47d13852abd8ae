/// An IPv4 or IPv6 address with a UDP port, as a plain value: 16 address bytes, port, family.
public struct SocketAddress: Hashable, Sendable {
    /// The address in network order; an IPv4 address fills the low 32 bits of `low`.
    @usableFromInline package var high: UInt64
    @usableFromInline package var low: UInt64
    @usableFromInline package var port: UInt16
    @usableFromInline package var isIPv6: Bool

    package init(ipv4: UInt32, port: UInt16) {
        high = 0
        low = UInt64(ipv4)
        self.port = port
        isIPv6 = false
    }

    package init(ipv6High: UInt64, ipv6Low: UInt64, port: UInt16) {
        high = ipv6High
        low = ipv6Low
        self.port = port
        isIPv6 = true
    }

    /// Written out, so that it is inlined where packets are compared.
    @inlinable
    public static func == (left: SocketAddress, right: SocketAddress) -> Bool {
        left.low == right.low && left.port == right.port && left.high == right.high
            && left.isIPv6 == right.isIPv6
    }

    /// The same host with another port.
    package func with(port: UInt16) -> SocketAddress {
        var copy = self
        copy.port = port
        return copy
    }

    /// The four or sixteen address bytes in network order.
    package var addressBytes: [UInt8] {
        var writer = ByteWriter(reservingCapacity: 16)
        if isIPv6 {
            writer.write(high)
            writer.write(low)
        } else {
            writer.write(UInt32(truncatingIfNeeded: low))
        }
        return writer.bytes
    }

    package var isLoopback: Bool {
        isIPv6 ? (high == 0 && low == 1) : (low >> 24 == 127)
    }
}

extension SocketAddress {
    /// Reads a numeric address ("192.0.2.1", "2001:db8::1"); `nil` for anything else, names included.
    package init?(host: some StringProtocol, port: UInt16) {
        if host.utf8.contains(UInt8(ascii: ":")) {
            guard let (high, low) = Self.parseIPv6(host) else { return nil }
            self.init(ipv6High: high, ipv6Low: low, port: port)
        } else {
            guard let value = Self.parseIPv4(host) else { return nil }
            self.init(ipv4: value, port: port)
        }
    }

    private static func parseIPv4(_ text: some StringProtocol) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count) else { return nil }
            var octet: UInt32 = 0
            for digit in part {
                guard (48...57).contains(digit) else { return nil }
                octet = octet * 10 + UInt32(digit - 48)
            }
            guard octet <= 255 else { return nil }
            value = value << 8 | octet
        }
        return value
    }

    private static func parseIPv6(_ text: some StringProtocol) -> (UInt64, UInt64)? {
        guard text.utf8.count <= 45 else { return nil }
        let halves = String(text).split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2 else { return nil }
        func groups(_ half: Substring, isLast: Bool) -> [UInt16]? {
            if half.isEmpty { return [] }
            var result: [UInt16] = []
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (index, part) in parts.enumerated() {
                if part.contains(".") {
                    // RFC 4291 2.2: an embedded IPv4 address is the last 32 bits.
                    guard isLast, index == parts.count - 1, let value = parseIPv4(part) else { return nil }
                    result.append(UInt16(truncatingIfNeeded: value >> 16))
                    result.append(UInt16(truncatingIfNeeded: value))
                } else {
                    guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
                        let value = UInt16(part, radix: 16)
                    else { return nil }
                    result.append(value)
                }
            }
            return result
        }
        guard let front = groups(halves[0], isLast: halves.count == 1) else { return nil }
        var all = front
        if halves.count == 2 {
            guard let back = groups(halves[1], isLast: true), front.count + back.count <= 7 else {
                return nil
            }
            all += [UInt16](repeating: 0, count: 8 - front.count - back.count) + back
        }
        guard all.count == 8 else { return nil }
        func join(_ part: ArraySlice<UInt16>) -> UInt64 { part.reduce(0) { $0 << 16 | UInt64($1) } }
        return (join(all[0..<4]), join(all[4..<8]))
    }

    /// The numeric host as SDP and logs write it, without port (RFC 5952 shortening for IPv6).
    package var host: String {
        guard isIPv6 else {
            return "\(low >> 24 & 255).\(low >> 16 & 255).\(low >> 8 & 255).\(low & 255)"
        }
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4)))
        }
        var best = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > best.count, end - index > 1 { best = index..<end }
            index = max(end, index + 1)
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        if best.isEmpty { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The numeric host and the port.
    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
