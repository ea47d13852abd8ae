import Primitives
import SessionDescriptions
import Testing

@Suite struct TrickleFragmentTests {
    /// The shape of RFC 9725 section 4.3.2's example, with a second section that must not count.
    static let fragment = """
        a=group:BUNDLE 0 1\r
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r
        a=mid:0\r
        a=ice-ufrag:EsAw\r
        a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
        a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1\r
        a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2\r
        a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw\r
        a=candidate:1 1 udp 2113937151 5f3a5a36.local 51234 typ host\r
        a=end-of-candidates\r
        m=video 9 UDP/TLS/RTP/SAVPF 96\r
        a=mid:1\r
        a=candidate:9 1 udp 2122260223 203.0.113.77 1 typ host\r

        """

    @Test func onlyTheFirstSectionAndNumericUDPCount() throws {
        let fragment = try TrickleFragment.parse(Self.fragment)
        #expect(fragment.iceUfrag == "EsAw")
        #expect(fragment.icePassword == "P2uYro0UCOQ4zxjKXaWCBui1")
        #expect(fragment.mid == "0")
        #expect(fragment.candidates.map(\.address.description) == ["192.0.2.1:61764", "198.51.100.2:61765"])
        #expect(fragment.endOfCandidates)
    }

    @Test func credentialsMayStandAboveTheSections() throws {
        let fragment = try TrickleFragment.parse(
            "a=ice-ufrag:EsAw\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\nm=audio 9 RTP/AVP 0\na=mid:0\na=end-of-candidates\n"
        )
        #expect(fragment.iceUfrag == "EsAw")
        #expect(fragment.candidates.isEmpty && fragment.endOfCandidates)
        #expect(try TrickleFragment.parse(fragment.text(kind: .audio)) == fragment)
    }

    @Test(arguments: [
        "a=ice-ufrag:x\n", "a=ice-pwd:short\n", "a=mid:\n", "nonsense\n", "a=:\n",
        String(repeating: "a=x:0123456789\n", count: 2000),
    ])
    func brokenFragmentsAreErrors(_ text: String) {
        #expect(throws: SDPError.self) { try TrickleFragment.parse(text) }
    }

    @Test func candidatesAreCapped() throws {
        let line = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\n"
        let fragment = try TrickleFragment.parse(String(repeating: line, count: 300))
        #expect(fragment.candidates.count == 32)
    }

    @Test func aRestartIsAnsweredWithNewCredentialsAndAllCandidates() throws {
        let session = try OfferAnswer.answerPublisher(
            Fixture.chromiumPublish.description(),
            local: relayTransport()
        ).session
        let text = try TrickleFragment.restartAnswer(relayTransport(), session: session)
        #expect(
            text == """
                a=ice-lite\r
                a=group:BUNDLE 0 1\r
                m=audio 9 UDP/TLS/RTP/SAVPF 111\r
                a=mid:0\r
                a=ice-ufrag:r3layUfr4g\r
                a=ice-pwd:relayPassword0123456789a\r
                a=candidate:1 1 udp 2130706431 203.0.113.5 7000 typ host\r
                a=candidate:2 1 udp 2130706175 2001:db8::1 7000 typ host\r
                a=end-of-candidates\r

                """
        )
        #expect(try TrickleFragment.parse(text).candidates.count == 2)
    }
}
