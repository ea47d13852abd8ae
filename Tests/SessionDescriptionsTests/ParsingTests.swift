import Primitives
import SessionDescriptions
import Testing

@Suite struct ParsingTests {
    @Test(arguments: Fixture.allCases)
    func realDescriptionsRoundTripByteForByte(_ fixture: Fixture) throws {
        let text = try fixture.text()
        #expect(try SessionDescription(parsing: text).text == text)
    }

    @Test(arguments: Fixture.allCases)
    func bareLineFeedsReadTheSame(_ fixture: Fixture) throws {
        let text = try fixture.text()
        let bare = Array(text.utf8).filter { $0 != 13 }
        #expect(try SessionDescription(parsing: bare) == SessionDescription(parsing: text))
    }

    @Test(arguments: [
        ("", SDPError.Reason.badVersion, 1),
        ("v=1\r\no=- 1 1 IN IP4 0.0.0.0\r\n", .badVersion, 1),
        ("v=0\r\n", .badOrigin, 2),
        ("v=0\r\ns=-\r\n", .badOrigin, 2),
        ("v=0\r\no=- x 1 IN IP4 0.0.0.0\r\n", .badOrigin, 2),
        ("v=0\r\no=- 1 1 IN IP4\r\n", .badOrigin, 2),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nhello\r\n", .malformedLine, 4),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nA=x\r\n", .malformedLine, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nx=x\r\n", .unknownType, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nv=0\r\n", .misplacedLine, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 9 RTP/AVP 0\r\ns=late\r\n", .misplacedLine, 4),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 9 RTP/AVP\r\n", .badMediaLine, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio 65536 RTP/AVP 0\r\n", .badMediaLine, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=audio +9 RTP/AVP 0\r\n", .badMediaLine, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=\r\n", .badAttribute, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=:x\r\n", .badAttribute, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=a\rb\r\n", .forbiddenByte, 3),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\na=a:\0\r\n", .forbiddenByte, 3),
    ])
    func malformedTextIsNamedWithItsLine(_ text: String, _ reason: SDPError.Reason, _ line: Int) throws {
        let error = try #require(throws: SDPError.self) { try SessionDescription(parsing: text) }
        #expect(error.reason == reason)
        #expect(error.line == line)
        #expect(error.message.contains("line \(line)"))
        #expect(OfferError(error).httpStatus == 400)
    }

    @Test func messagesQuoteTheValueShortenedAndPrintable() throws {
        let value = "m=audio \u{1B}[2J" + String(repeating: "9", count: 500)
        let error = try #require(throws: SDPError.self) {
            try SessionDescription(parsing: "v=0\no=- 1 1 IN IP4 0.0.0.0\n" + value)
        }
        #expect(error.message.contains("'m=audio ?[2J999"))
        #expect(error.message.utf8.count < 200)
    }

    @Test func limitsAreNamed() throws {
        let head = "v=0\no=- 1 1 IN IP4 0.0.0.0\n"
        let cases: [(String, SDPError.Reason)] = [
            (head + String(repeating: "a=x:yyyyyyyyyyyyyyyy\n", count: 20_000), .tooLarge),
            (
                head + String(repeating: "a=x\n", count: SessionDescription.maximumAttributes + 1),
                .tooManyAttributes
            ),
            (
                head
                    + String(
                        repeating: "m=audio 9 RTP/AVP 0\n",
                        count: SessionDescription.maximumMediaLines + 1
                    ),
                .tooManyMediaLines
            ),
        ]
        for (text, reason) in cases {
            let error = try #require(throws: SDPError.self) { try SessionDescription(parsing: text) }
            #expect(error.reason == reason)
            #expect(OfferError(error).httpStatus == 413)
        }
        let invalid = Array(head.utf8) + [0x61, 0x3D, 0xFF, 0xFE, 0x0A]
        #expect(throws: SDPError.self) { try SessionDescription(parsing: invalid) }
        let formats = String(repeating: " 96", count: SessionDescription.maximumFormats + 1)
        #expect(throws: SDPError.self) {
            try SessionDescription(parsing: head + "m=video 9 UDP/TLS/RTP/SAVPF\(formats)\n")
        }
    }

    @Test(arguments: [
        ("1 1 udp 2130706431 192.0.2.1 7000 typ host", "192.0.2.1:7000"),
        (
            "candidate:0 1 UDP 2122252543 2001:db8::7 38181 typ host generation 0 network-id 2",
            "[2001:db8::7]:38181"
        ),
        ("3 1 UDP 1686109951 198.51.100.9 61002 typ srflx raddr 0.0.0.0 rport 0", "198.51.100.9:61002"),
        ("f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.0.2.2 38515 typ host", "192.0.2.2:38515"),
    ])
    func readsNumericCandidates(_ text: String, _ address: String) throws {
        let candidate = try #require(ICECandidate(parsing: text))
        #expect(candidate.isUDP)
        #expect(candidate.address.description == address)
        #expect(ICECandidate(parsing: candidate.text) == candidate)
    }

    @Test(arguments: [
        "", "1 1 udp 1 192.0.2.1 7000 typ", "1 1 udp 1 4ebf6448-7d18.local 7000 typ host",
        "1 0 udp 1 192.0.2.1 7000 typ host", "1 1 udp -1 192.0.2.1 7000 typ host",
        "1 1 udp 1 192.0.2.1 70000 typ host", "1 1 udp 1 192.0.2.1 7000 typ moon",
        "1 1 udp 4294967296 192.0.2.1 7000 typ host", "1 1 udp 1 192.0.2.1 7000 host typ",
    ])
    func otherCandidatesAreNone(_ text: String) {
        #expect(ICECandidate(parsing: text) == nil)
    }

    @Test func hostCandidatePrioritiesFollowTheRFC() throws {
        let ipv4 = try #require(SocketAddress(host: "192.0.2.1", port: 1))
        #expect(ICECandidate(host: ipv4).text == "1 1 udp 2130706431 192.0.2.1 1 typ host")
    }
}
