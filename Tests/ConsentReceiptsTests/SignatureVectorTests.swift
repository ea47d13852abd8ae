import Crypto
import Foundation
import JWTKit
import SwiftASN1
import Testing
import X509

@testable import ConsentReceipts

/// RFC 8037 Appendix A, and other programs' readers.
@Suite struct SignatureVectorTests {
    private let secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
    private let publicPart = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    private let thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

    private func webKey(_ more: String = "") -> [UInt8] {
        Array(#"{"kty":"OKP","crv":"Ed25519",\#(more)"x":"\#(publicPart)"}"#.utf8)
    }

    /// A.1, A.3.
    @Test func readsTheStandardsKeysAndComputesTheirThumbprint() throws {
        let keys = try ReceiptKeys(keyFile: webKey(#""d":"\#(secret)","#))
        #expect(keys.keyID == thumbprint)
        #expect(try PublishedReceiptKeys(document: webKey()).keyIDs == [thumbprint])
    }

    /// A.4, A.5.
    @Test func signsAndVerifiesTheStandardsExample() throws {
        let keys = try ReceiptKeys(keyFile: webKey(#""d":"\#(secret)","#))
        let header = Base64URLText.encode(#"{"alg":"EdDSA"}"#.utf8)
        let payload = Base64URLText.encode("Example of Ed25519 signing".utf8)
        #expect(header == "eyJhbGciOiJFZERTQSJ9")
        #expect(payload == "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc")
        let text =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        let input = SigningInput.bytes(header, payload)
        let signature = try #require(Base64URLText.decode(text))
        #expect(keys.signing.publicKey.isValidSignature(signature, for: input))
        #expect(Base64URLText.encode(try keys.signing.signature(for: input)) == text)
    }

    /// The claims of the JWT that another library reads.
    private struct Claims: JWTPayload {
        var iss: IssuerClaim
        var sub: SubjectClaim
        var jti: IDClaim
        var consentReceiptID: String

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    @Test func anotherLibraryVerifiesTheKantaraReceiptWithThePublishedKeys() async throws {
        let keys = try ReceiptFixtures.keys()
        let receipt = try ReceiptFixtures.full()
        let published = String(decoding: keys.published.document, as: UTF8.self)
        let collection = try await JWTKeyCollection().add(jwksJSON: published)
        let token = try keys.sign(receipt, as: .kantara)
        let claims = try await collection.verify(String(decoding: token, as: UTF8.self), as: Claims.self)
        #expect(claims.iss.value == "https://relay.example/")
        #expect(claims.sub.value == "p-51")
        #expect(claims.jti.value == receipt.receiptID)
        #expect(claims.consentReceiptID == receipt.receiptID)

        let foreign = try await JWTKeyCollection().add(
            jwksJSON: String(decoding: ReceiptFixtures.keys(8).published.document, as: UTF8.self)
        )
        await #expect(throws: (any Error).self) {
            try await foreign.verify(String(decoding: token, as: UTF8.self), as: Claims.self)
        }
    }

    @Test func theCertificateOfAVConIsOneOfTheKeyForAnotherLibrary() throws {
        let keys = try ReceiptFixtures.keys()
        let certificate = try Certificate(derEncoded: keys.certificate)
        #expect(certificate.publicKey == Certificate.PublicKey(keys.signing.publicKey))
        #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
        #expect(try ReceiptCertificate.make(for: keys.signing) == keys.certificate)
    }
}
