import Primitives
import Testing

@testable import Webhooks

@Suite struct AddressPolicyTests {
    private func address(_ text: String) throws -> SocketAddress {
        try #require(SocketAddress(host: text, port: 0))
    }

    @Test(arguments: [
        "169.254.169.254", "169.254.0.1", "fe80::1", "febf::1", "fd00:ec2::254", "100.100.100.200",
        "168.63.129.16", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
    ])
    func credentialsOfMachinesAreOutOfReachUnlessAllowed(_ text: String) throws {
        let address = try address(text)
        #expect(!AddressPolicy.allows(address, plaintext: false, linkLocal: false))
        #expect(AddressPolicy.allows(address, plaintext: false, linkLocal: true))
        #expect(!AddressPolicy.allows(address, plaintext: true, linkLocal: true))
    }

    @Test(arguments: ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "240.0.0.1"])
    func nobodysAddressesAreNeverAllowed(_ text: String) throws {
        let address = try address(text)
        #expect(!AddressPolicy.allows(address, plaintext: false, linkLocal: true))
    }

    @Test(arguments: [
        "93.184.216.34", "10.1.2.3", "192.168.1.1", "2001:db8::1", "fd12::1", "127.0.0.1", "::1",
    ])
    func ordinaryAddressesAreAllowedOverTLS(_ text: String) throws {
        let address = try address(text)
        #expect(AddressPolicy.allows(address, plaintext: false, linkLocal: false))
        #expect(AddressPolicy.allows(address, plaintext: true, linkLocal: false) == address.isLoopback)
    }
}

@Suite struct WebhookEndpointTests {
    private func secret() throws -> SigningSecret {
        try SigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    }

    @Test(arguments: [
        "https://crm.example/hooks", "https://crm.example:8443/a?b=c", "https://10.0.0.1/",
        "http://127.0.0.1:9/x",
        "http://localhost/", "http://[::1]:80/", "https://[2001:db8::1]/",
    ])
    func takes(_ url: String) throws {
        _ = try WebhookEndpoint(name: "crm", url: url, secrets: [secret()])
    }

    @Test(arguments: [
        "", "crm.example", "http://crm.example/", "http://10.0.0.1/", "http://127.0.0.1.example/",
        "http://localhost.example/", "ftp://crm.example/", "https:///x", "https://user:word@crm.example/",
        "https://crm.example/#part", "file:///etc/passwd",
    ])
    func refuses(_ url: String) throws {
        let secrets = [try secret()]
        #expect(throws: WebhookEndpointError.self) {
            try WebhookEndpoint(name: "crm", url: url, secrets: secrets)
        }
    }

    @Test func needsASecretAndAName() throws {
        let secret = try secret()
        #expect(throws: WebhookEndpointError.self) {
            try WebhookEndpoint(name: "crm", url: "https://a.example/", secrets: [])
        }
        #expect(throws: WebhookEndpointError.self) {
            try WebhookEndpoint(name: "a b", url: "https://a.example/", secrets: [secret])
        }
    }

    @Test func isToldOnlyWhatItTakes() throws {
        let studio = try #require(RoomName("studio"))
        let other = try #require(RoomName("other"))
        let endpoint = try WebhookEndpoint(
            name: "crm",
            url: "https://a.example/",
            secrets: [secret()],
            types: [.consentGiven, .noticePublished],
            rooms: [studio]
        )
        func takes(_ type: WebhookEventType, _ room: RoomName?) -> Bool {
            let time = WallClockTime(nanosecondsSince1970: 0)
            return endpoint.takes(WebhookEvent(type, room: room, at: time, data: ["a": "b"]))
        }
        #expect(takes(.consentGiven, studio) && takes(.noticePublished, nil))
        #expect(!takes(.consentGiven, other) && !takes(.consentWithdrawn, studio))
    }
}

@Suite struct HTTPDateTests {
    @Test func readsTheDateOfTheSpecification() {
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.seconds("Tue, 29 Feb 2028 23:59:59 GMT") == 1_835_481_599)
    }

    @Test(arguments: [
        "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Now 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    ])
    func refusesWhatIsNoDate(_ text: String) {
        #expect(HTTPDate.seconds(text) == nil)
    }
}
