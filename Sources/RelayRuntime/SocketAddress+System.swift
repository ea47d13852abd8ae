import CLinuxNet
import Primitives

extension SocketAddress {
    /// The address as a system call gave it.
    package init(_ address: tally_address) {
        if address.is_ipv6 != 0 {
            let (high, low) = withUnsafeBytes(of: address.bytes) { bytes in
                (
                    bytes.loadUnaligned(as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                )
            }
            self.init(
                ipv6High: UInt64(bigEndian: high),
                ipv6Low: UInt64(bigEndian: low),
                port: address.port
            )
        } else {
            let value = withUnsafeBytes(of: address.bytes) { $0.loadUnaligned(as: UInt32.self) }
            self.init(ipv4: UInt32(bigEndian: value), port: address.port)
        }
    }

    /// The address as a system call takes it.
    package var system: tally_address {
        var address = tally_address()
        address.port = port
        address.is_ipv6 = isIPv6 ? 1 : 0
        withUnsafeMutableBytes(of: &address.bytes) { bytes in
            if isIPv6 {
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            } else {
                bytes.storeBytes(of: UInt32(truncatingIfNeeded: low).bigEndian, as: UInt32.self)
            }
        }
        return address
    }
}

/// This machine's own addresses, without loopback, link-local and multicast ones.
package enum InterfaceAddresses {
    package static func detect() -> [SocketAddress] {
        var found = [tally_address](repeating: tally_address(), count: 64)
        let count = Int(tally_interface_addresses(&found, Int32(found.count)))
        return found.prefix(count).map(SocketAddress.init)
    }
}
