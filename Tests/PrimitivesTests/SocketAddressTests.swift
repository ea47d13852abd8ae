import Primitives
import Testing

@Suite struct SocketAddressTests {
    /// RFC 5952 4: leading zeros go, the longest run of zeros goes (the first of equals), letters are small.
    @Test(arguments: [
        ("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"),
        ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8::ABCD", "2001:db8::abcd"),
        ("0:0:0:0:0:0:0:0", "::"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("1:0:0:0:0:0:0:0", "1::"),
        ("fe80::", "fe80::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
        ("::ffff:192.0.2.128", "::ffff:c000:280"),
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
    ])
    func writesIPv6InItsShortForm(_ text: String, _ short: String) throws {
        let address = try #require(SocketAddress(host: text, port: 7000))
        #expect(address.isIPv6)
        #expect(address.host == short)
        #expect(address.description == "[\(short)]:7000")
        #expect(SocketAddress(host: short, port: 7000) == address)
    }

    @Test(arguments: ["0.0.0.0", "192.0.2.1", "255.255.255.255", "127.0.0.1", "10.20.30.40"])
    func readsAndWritesIPv4(_ text: String) throws {
        let address = try #require(SocketAddress(host: text, port: 1))
        #expect(!address.isIPv6)
        #expect(address.host == text)
        #expect(address.description == "\(text):1")
        #expect(address.addressBytes == text.split(separator: ".").compactMap { UInt8($0) })
    }

    @Test(arguments: [
        "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.0004", "1.2.3.4 ", " 1.2.3.4",
        "1..3.4",
        "1.2.3.４", "relay.example", "0x7f.1", "2130706433",
    ])
    func refusesWhatIsNoIPv4Address(_ text: String) {
        #expect(SocketAddress(host: text, port: 1) == nil)
    }

    @Test(arguments: [
        ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::",
        "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "::1.2.3", "::1.2.3.4:5", "::1.2.3.256", "fe80::1%eth0", "[::1]",
        "::-1", "::+1", "1:2:3:4:5:6:7:1.2.3.4", "::００",
    ])
    func refusesWhatIsNoIPv6Address(_ text: String) {
        #expect(SocketAddress(host: text, port: 1) == nil)
    }

    @Test func anyAddressReadsBackAsItWasWritten() throws {
        var random = SeededRandom(seed: 5952)
        for _ in 0..<5_000 {
            let port = UInt16.random(in: 0 ... .max, using: &random)
            let v4 = SocketAddress(ipv4: UInt32.random(in: 0 ... .max, using: &random), port: port)
            try #require(SocketAddress(host: v4.host, port: port) == v4)
            // Groups are zero half the time, so that every pattern of runs comes up.
            var words: [UInt64] = [0, 0]
            for group in 0..<8 where Bool.random(using: &random) {
                words[group / 4] |= UInt64.random(in: 0...0xFFFF, using: &random) << UInt64(16 * (group % 4))
            }
            let v6 = SocketAddress(ipv6High: words[0], ipv6Low: words[1], port: port)
            try #require(SocketAddress(host: v6.host, port: port) == v6)
            try #require(v6.addressBytes.count == 16)
            try #require(v6.host.utf8.count <= 39)
        }
    }

    @Test func familiesAndPortsTellAddressesApart() {
        let v4 = SocketAddress(ipv4: 1, port: 9)
        #expect(v4 != SocketAddress(ipv6High: 0, ipv6Low: 1, port: 9))
        #expect(v4 != v4.with(port: 10))
        #expect(v4.with(port: 10).with(port: 9) == v4)
    }

    @Test func knowsLoopback() throws {
        for text in ["127.0.0.1", "127.255.0.9", "::1"] {
            #expect(try #require(SocketAddress(host: text, port: 1)).isLoopback)
        }
        for text in ["128.0.0.1", "::2", "::", "1::1", "::127.0.0.1", "0.0.0.127"] {
            #expect(try !#require(SocketAddress(host: text, port: 1)).isLoopback)
        }
    }
}
