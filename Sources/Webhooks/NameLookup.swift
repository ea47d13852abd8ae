import Dispatch
import Primitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Asks the system's resolver for a name's addresses, in its order.
enum NameLookup {
    /// More than names have; bounds what a hostile answer can make of it.
    private static let maximumAddresses = 16
    /// The resolver blocks, and must not do so on a shared thread.
    private static let queue = DispatchQueue(label: "tally.webhooks.names", attributes: .concurrent)

    /// Empty if there are none.
    static func addresses(of host: String) async -> [SocketAddress] {
        if let address = SocketAddress(host: host, port: 0) { return [address] }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: lookUp(host)) }
        }
    }

    private static func lookUp(_ host: String) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = Int32(SOCK_STREAM)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee, found.count < maximumAddresses {
            if let address = address(of: entry), !found.contains(address) { found.append(address) }
            next = entry.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo) -> SocketAddress? {
        guard let pointer = entry.ai_addr else { return nil }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let length = socklen_t(text.count)
        guard getnameinfo(pointer, entry.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        // A zone ("fe80::1%eth0") belongs to link-local addresses, which are judged without it.
        return SocketAddress(host: String(decoding: bytes, as: UTF8.self).prefix { $0 != "%" }, port: 0)
    }
}
