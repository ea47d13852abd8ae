import Disclosures
import Glibc
import Primitives
import Rooms
import SRTPProtection
import Testing

@testable import RelayRuntime

/// What a real socket takes is counted, and nothing else is.
@Suite("Counting what is sent", .serialized)
struct SendCountTests {
    private static let loopback: UInt32 = 0x7F00_0001

    /// A receiver on loopback, and a slab with two accounts.
    private struct Bench: ~Copyable {
        var accounts = Forwarder()
        var slab = SendSlab()
        var sender = SendLoop(port: 0)
        var statistics = LoopStatistics()
        private let receiver: Socket
        private let sending: Socket
        let remote: SocketAddress

        init(_ receiver: Socket, _ sending: Socket) {
            self.receiver = receiver
            self.sending = sending
            remote = SocketAddress(
                ipv4: SendCountTests.loopback,
                port: receiver.port
            )
            // Accounts of no line: they are final at once, and are counted in until they are reported.
            let gate = DisclosureGate(track: TrackID(1), audience: AudienceID(1))
            for number: UInt64 in 0...1 {
                let account = AccountID(room: 1, number: number)
                accounts.admit(nil, LineAdmission(gate: gate, opening: 1, account: account))
            }
        }

        mutating func write(
            _ length: Int,
            to remote: SocketAddress,
            account: Int,
            payloadLength: Int,
            notAfter: MonotonicTime = .distantFuture.advanced(byNanoseconds: -1),
            port: UInt16 = 0
        ) {
            slab.space.initializeMemory(as: UInt8.self, repeating: 7)
            slab.commit(
                length,
                to: remote,
                from: SocketAddress(ipv4: SendCountTests.loopback, port: port),
                notAfter: notAfter,
                account: account,
                payloadLength: payloadLength
            )
        }

        @discardableResult
        mutating func send(
            on descriptor: Int32? = nil,
            sockets: OutboundSockets = OutboundSockets()
        ) -> Int32 {
            sender.send(
                &slab,
                on: descriptor ?? sending.descriptor,
                sockets: sockets,
                accounts: &accounts.accounts,
                statistics: &statistics
            )
        }

        mutating func counts() -> [[UInt64]] {
            accounts.accounts.takeReports(after: slab).map { [$0.packets, $0.bytes] }
        }

        /// Datagrams that have arrived.
        func arrived() -> Int { arrivals().count }

        /// What has arrived, each with the port that it came from.
        func arrivals() -> [(bytes: [UInt8], port: UInt16)] {
            var buffer = [UInt8](repeating: 0, count: 2_048)
            var found: [(bytes: [UInt8], port: UInt16)] = []
            while true {
                var source = sockaddr_in()
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                let length = withUnsafeMutablePointer(to: &source) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(
                            receiver.descriptor,
                            &buffer,
                            buffer.count,
                            Int32(MSG_DONTWAIT),
                            $0,
                            &size
                        )
                    }
                }
                guard length > 0 else { return found }
                found.append((Array(buffer[..<length]), UInt16(bigEndian: source.sin_port)))
            }
        }
    }

    private struct SocketFailure: Error {}

    /// A UDP socket on loopback, for as long as it is kept.
    private final class Socket {
        let descriptor: Int32
        private(set) var port: UInt16 = 0

        init() throws {
            descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            guard descriptor >= 0 else { throw SocketFailure() }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = loopback.bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
                }
            }
            guard result == 0 else { throw SocketFailure() }
            port = UInt16(bigEndian: address.sin_port)
        }

        deinit { close(descriptor) }
    }

    @Test func everyDatagramOfARunIsCountedInItsAccount() throws {
        var bench = Bench(try Socket(), try Socket())
        for number in 0..<20 {
            bench.write(number == 19 ? 300 : 1_000, to: bench.remote, account: 0, payloadLength: 960)
        }
        for _ in 0..<3 { bench.write(100, to: bench.remote, account: 1, payloadLength: 70) }
        bench.write(80, to: bench.remote, account: -1, payloadLength: 0, notAfter: .distantFuture)
        #expect(bench.slab.messageCount == 3, "accounts do not share a run")
        #expect(bench.send() == 0)
        #expect(bench.arrived() == 24)
        #expect(bench.counts() == [[20, 19_200], [3, 210]])
        let runs = bench.statistics.runCounts
        #expect(
            (runs[20], runs[3], runs[1]) == (1, 1, 0),
            "two messages of media, and what is none is not among them"
        )
    }

    @Test func whatTheKernelRefusesIsNotCounted() throws {
        var bench = Bench(try Socket(), try Socket())
        // Broadcasting is not allowed on this socket; what stands behind it goes out all the same.
        let refused = SocketAddress(ipv4: 0xFFFF_FFFF, port: 9)
        bench.write(500, to: refused, account: 0, payloadLength: 460)
        for _ in 0..<2 { bench.write(500, to: bench.remote, account: 1, payloadLength: 460) }
        bench.send()
        #expect(bench.arrived() == 2)
        #expect(bench.counts() == [[0, 0], [2, 920]])
        #expect(bench.statistics.sendDropped == 1)
    }

    @Test func whatOutlivedItsLeaseIsNotCounted() throws {
        var bench = Bench(try Socket(), try Socket())
        bench.write(500, to: bench.remote, account: 0, payloadLength: 460, notAfter: SystemClock.monotonic)
        bench.write(500, to: bench.remote, account: 1, payloadLength: 460)
        bench.send()
        #expect(bench.arrived() == 1)
        #expect(bench.counts() == [[0, 0], [1, 460]])
    }

    /// What names a socket of its own leaves by no other one, in its order, and holds up nothing.
    @Test func everySocketSendsWhatNamesItAndNothingElse() throws {
        var bench = Bench(try Socket(), try Socket())
        let own = try Socket()
        let nothing = Glibc.open("/dev/null", O_RDWR)
        defer { close(nothing) }
        var sockets = OutboundSockets()
        sockets[own.port] = own.descriptor
        sockets[9] = nothing
        let messages: [(port: UInt16, length: Int)] = [
            (0, 100), (own.port, 200), (9, 300), (8, 400), (own.port, 500), (0, 600),
        ]
        for (port, length) in messages {
            let account = port == 0 ? 0 : 1
            bench.write(length, to: bench.remote, account: account, payloadLength: length, port: port)
        }
        #expect(bench.send(sockets: sockets) == 0)
        let arrived = bench.arrivals()
        #expect(arrived.filter { $0.port == own.port }.map { $0.bytes.count } == [200, 500])
        #expect(arrived.filter { $0.port != own.port }.map { $0.bytes.count } == [100, 600])
        #expect(bench.counts() == [[2, 700], [2, 700]])
    }

    /// Tags that were left until the slab is full are written before it is sent.
    @Test(arguments: CipherBackend.allCases.filter(\.isAvailable))
    func packetsLeaveWithTheirTags(backend: CipherBackend) throws {
        var bench = Bench(try Socket(), try Socket())
        let (key, salt) = ([UInt8](repeating: 1, count: 16), [UInt8](repeating: 2, count: 14))
        let outbound = try OutboundProtection(
            profile: .aesCM128HMACSHA1Tag80,
            masterKey: key.span.bytes,
            masterSalt: salt.span.bytes,
            backend: backend
        )
        let payload = [UInt8](repeating: 5, count: 800)
        for number: UInt8 in 0..<9 {
            bench.slab.space.copyBytes(from: [0x80, 96, 0, number, 0, 0, 0, 0, 0, 0, 0, 7])
            let packet = payload.withUnsafeBytes { payload in
                outbound.encryptRTP(
                    headerLength: 12,
                    payload: payload,
                    output: bench.slab.space,
                    extendedSequence: UInt64(number),
                    ssrc: 7
                )
            }
            let local = SocketAddress(ipv4: Self.loopback, port: 0)
            bench.slab.commit(packet, to: bench.remote, from: local, notAfter: .distantFuture)
        }
        bench.send()
        var inbound = try InboundProtection(
            profile: .aesCM128HMACSHA1Tag80,
            masterKey: key.span.bytes,
            masterSalt: salt.span.bytes,
            backend: .portable
        )
        let opened = bench.arrivals().map { arrival in
            var bytes = arrival.bytes
            return bytes.withUnsafeMutableBytes { inbound.unprotectRTP($0) }
        }
        #expect(opened == (0..<9).map { InboundResult.plaintext(length: 812, extendedSequence: UInt64($0)) })
    }

    @Test func nothingIsCountedOnALoopThatWasCutOff() throws {
        var bench = Bench(try Socket(), try Socket())
        let nothing = Glibc.open("/dev/null", O_RDWR)
        defer { close(nothing) }
        for account in 0...1 { bench.write(500, to: bench.remote, account: account, payloadLength: 460) }
        #expect(bench.send(on: nothing) == ENOTSOCK)
        #expect(bench.arrived() == 0)
        #expect(bench.counts() == [[0, 0], [0, 0]])
    }
}
