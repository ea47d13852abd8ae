import Testing

@testable import Webhooks

@Suite struct SigningSecretTests {
    /// The example of the specification's libraries.
    @Test func signsAsTheSpecificationSays() throws {
        let secret = try SigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let signature = secret.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: 1_614_265_330,
            body: Array(#"{"test": 2432232314}"#.utf8)
        )
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test(arguments: [
        "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_not base64", "whsec_AAAA",
        "whsec_" + String(repeating: "A", count: 100),
    ])
    func refusesWhatIsNoSecret(_ text: String) {
        #expect(throws: SigningSecretError.self) { try SigningSecret(text) }
    }

    @Test func isNotShown() throws {
        let secret = try SigningSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
        #expect(!"\(secret)".contains("MfKQ"))
    }
}
