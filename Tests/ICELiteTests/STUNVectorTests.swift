import ICELite
import Primitives
import Testing

/// RFC 5769: the sample messages of STUN.
struct STUNVectorTests {
    static let password = Array("VOkJxbRl1RmTxUk/WvJxBt".utf8)

    static let request = hexBytes(
        """
        00010058 2112a442 b7e7a701 bc34d686 fa87dfae
        80220010 5354554e 20746573 7420636c 69656e74
        00240004 6e0001ff 80290008 932ff9b1 51263b36
        00060009 6576746a 3a683676 59202020
        00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
        80280004 e57a3bcf
        """
    )

    static let ipv4Response = hexBytes(
        """
        0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
        8022000b 74657374 20766563 746f7220
        00200008 0001a147 e112a643
        00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
        80280004 c07d4c96
        """
    )

    static let ipv6Response = hexBytes(
        """
        01010048 2112a442 b7e7a701 bc34d686 fa87dfae
        8022000b 74657374 20766563 746f7220
        00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
        00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
        80280004 c8fb0b4c
        """
    )

    static let longTermRequest = hexBytes(
        """
        00010060 2112a442 78ad3433 c6ad72c0 29da412e
        00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000
        0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341
        0014000b 6578616d 706c652e 6f726700
        00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666
        """
    )

    @Test func readsSampleRequest() throws {
        let bytes = Self.request
        let message = try #require(STUNMessage(bytes: bytes))
        #expect(message.messageClass == .request)
        #expect(message.method == 1)
        #expect(message.transactionID == STUNTransactionID(high: 0xB7E7_A701, low: 0xBC34_D686_FA87_DFAE))
        #expect(message.priority == 0x6E00_01FF)
        #expect(message.iceControlled == 0x932F_F9B1_5126_3B36)
        #expect(message.iceControlling == nil)
        #expect(!message.useCandidate)
        let username = try #require(message.username)
        #expect(Array(bytes[username]) == Array("evtj:h6vY".utf8))
        let software = try #require(message.software)
        #expect(Array(bytes[software]) == Array("STUN test client".utf8))
        #expect(message.hasIntegrity(in: bytes, password: Self.password))
        #expect(message.hasFingerprint(in: bytes))
        #expect(!message.hasIntegrity(in: bytes, password: Array(Array("VOkJxbRl1RmTxUk/WvJxBu".utf8))))
    }

    @Test func readsSampleIPv4Response() throws {
        let bytes = Self.ipv4Response
        let message = try #require(STUNMessage(bytes: bytes))
        #expect(message.messageClass == .success)
        #expect(message.xorMappedAddress == SocketAddress(host: "192.0.2.1", port: 32_853))
        #expect(message.hasIntegrity(in: bytes, password: Self.password))
        #expect(message.hasFingerprint(in: bytes))
    }

    @Test func readsSampleIPv6Response() throws {
        let bytes = Self.ipv6Response
        let message = try #require(STUNMessage(bytes: bytes))
        #expect(
            message.xorMappedAddress
                == SocketAddress(host: "2001:db8:1234:5678:11:2233:4455:6677", port: 32_853)
        )
        #expect(message.hasIntegrity(in: bytes, password: Self.password))
        #expect(message.hasFingerprint(in: bytes))
    }

    @Test func readsSampleLongTermRequest() throws {
        let bytes = Self.longTermRequest
        let message = try #require(STUNMessage(bytes: bytes))
        let username = try #require(message.username)
        #expect(username.count == 18)
        // MD5("<username>:example.org:TheMatrIX"), the key of the long-term mechanism (RFC 8489 9.2.2).
        let key = hexBytes("e8ca7ad59d5eb0518e312911d2dab2a9")
        #expect(message.hasIntegrity(in: bytes, password: key))
        #expect(!message.hasFingerprint(in: bytes), "it carries none")
    }

    @Test func writesSampleResponsesByteForByte() throws {
        let id = STUNTransactionID(high: 0xB7E7_A701, low: 0xBC34_D686_FA87_DFAE)
        for (host, sample) in [
            ("192.0.2.1", Self.ipv4Response), ("2001:db8:1234:5678:11:2233:4455:6677", Self.ipv6Response),
        ] {
            var writer = STUNWriter(.success, transactionID: id)
            writer.addSoftware("test vector")
            writer.addXORMappedAddress(try #require(SocketAddress(host: host, port: 32_853)))
            // The sample pads SOFTWARE with a space where we pad with zero; both are valid (RFC 8489 14).
            let plain = writer.bytes
            #expect(plain[20..<35] == sample[20..<35])
            #expect(plain[36...] == sample[36..<plain.count])
            writer.addMessageIntegrity(password: Self.password)
            writer.addFingerprint()
            #expect(writer.bytes.count == sample.count)
            #expect(writer.bytes[0..<4] == sample[0..<4])
            let message = try #require(STUNMessage(bytes: writer.bytes))
            #expect(message.hasIntegrity(in: writer.bytes, password: Self.password))
            #expect(message.hasFingerprint(in: writer.bytes))
        }
    }

    @Test func everyFlippedBitBreaksIntegrityFingerprintOrForm() {
        for index in 0..<(Self.request.count * 8) {
            var bytes = Self.request
            bytes[index / 8] ^= 1 << (index % 8)
            guard let message = STUNMessage(bytes: bytes) else { continue }
            #expect(
                !message.hasFingerprint(in: bytes)
                    || !message.hasIntegrity(in: bytes, password: Self.password)
            )
        }
    }

    @Test func everyTruncationIsMalformed() {
        for count in 0..<Self.request.count {
            let bytes = Array(Self.request[0..<count])
            #expect(STUNMessage(bytes: bytes) == nil)
        }
        let longer = Self.request + [0, 0, 0, 0]
        #expect(STUNMessage(bytes: longer) == nil)
    }

    @Test func survivesRandomBytes() {
        var random = SeededRandom(seed: 5_769)
        for _ in 0..<20_000 {
            var bytes = Self.request
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            bytes.removeLast(Int.random(in: 0...8, using: &random))
            // Often a length that fits, so that the attributes are reached.
            if Bool.random(using: &random), bytes.count >= 20 {
                bytes[3] = UInt8(truncatingIfNeeded: bytes.count - 20)
            }
            if let message = STUNMessage(bytes: bytes) {
                _ = message.hasFingerprint(in: bytes)
                _ = message.hasIntegrity(in: bytes, password: Self.password)
            }
            if let ufrag = STUNMessage.localUfrag(of: bytes.span.bytes) {
                #expect(ufrag.byteCount < bytes.count)
            }
        }
    }
}
