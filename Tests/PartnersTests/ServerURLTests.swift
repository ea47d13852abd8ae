import Partners
import Testing

@Suite struct ServerURLTests {
    @Test(arguments: [
        "https://media.example/whip", "https://media.example:8443/whip?room=1", "http://127.0.0.1:8080/whip",
        "http://localhost/whip", "http://[::1]:8080/whip", "https://[2001:db8::1]/whip",
    ])
    func takesWhatIsEncryptedOrOnThisMachine(_ text: String) throws {
        #expect(try #require(ServerURL(text)).text == text)
    }

    @Test(arguments: [
        "", "whip", "http://media.example/whip", "http://192.0.2.1/whip", "ftp://media.example/whip",
        "https:///whip", "https://user@media.example/whip", "https://user:word@media.example/whip",
        "https://media.example/whip#part", "https://media.example:0/whip", "https://media.example/wh ip",
        "https://media.example/\u{E4}", "file:///etc/passwd", "http://127.0.0.1.example/whip",
    ])
    func refusesEverythingElse(_ text: String) {
        #expect(ServerURL(text) == nil)
    }

    @Test func refusesWhatIsTooLong() {
        #expect(ServerURL("https://media.example/" + String(repeating: "a", count: 2_048)) == nil)
    }

    @Test func aLocationIsResolvedAgainstWhereItCameFrom() throws {
        let endpoint = try #require(ServerURL("https://media.example/v1/whip?room=a"))
        #expect(endpoint.resolving("/sessions/7")?.text == "https://media.example/sessions/7")
        #expect(endpoint.resolving("7")?.text == "https://media.example/v1/7")
        #expect(endpoint.resolving("//other.example/7")?.text == "https://other.example/7")
        #expect(endpoint.resolving("https://other.example/7")?.host == "other.example")
        #expect(endpoint.resolving("ftp://other.example/7") == nil)
        #expect(endpoint.resolving("http://other.example/7") == nil)
    }

    @Test func whatIsEncryptedLeadsToNothingInPlaintext() throws {
        let encrypted = try #require(ServerURL("https://127.0.0.1/whip"))
        #expect(encrypted.resolving("http://127.0.0.1:6379/") == nil)
        let here = try #require(ServerURL("http://127.0.0.1:8080/whip"))
        #expect(here.resolving("http://127.0.0.1:8081/whip")?.isPlaintext == true)
        #expect(here.resolving("http://192.0.2.1/whip") == nil)
    }
}
