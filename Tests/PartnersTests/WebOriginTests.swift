import Partners
import Testing

@Suite struct WebOriginTests {
    @Test(arguments: [
        ("https://site.example", "https://site.example"),
        ("HTTPS://Site.Example:443", "https://site.example"),
        ("https://site.example:8443", "https://site.example:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ])
    func isWrittenAsBrowsersSendIt(_ text: String, _ written: String) {
        #expect(WebOrigin(text)?.text == written)
    }

    @Test(arguments: [
        "", "https://", "site.example", "ftp://site.example", "http://site.example", "https://site.example/",
        "https://site.example/path", "https://user@site.example", "https://*.site.example", "https://*", "*",
        "null",
        "https://site.example:0", "https://site.example:65536", "https://site.example:",
        "https://a b.example",
        "https://site.example; script-src *", "https://site.example,https://other.example",
        "https://-site.example",
        "https://site..example", "https://[::1", "https://[]", "https://b\u{FC}cher.example",
        "https://site.example\nx-header: 1", "https://" + String(repeating: "a", count: 400),
    ])
    func refusesWhatWouldWidenAPolicyOrBreakAHeader(_ text: String) {
        #expect(WebOrigin(text) == nil)
    }
}
