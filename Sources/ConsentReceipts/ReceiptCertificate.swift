import Crypto
import Foundation
import SwiftASN1
import X509

/// The certificate that a signed vCon has to carry beside its signature: a relay's receipt key, signed by itself.
///
/// It adds no trust, as whoever checks a receipt does it with the published key; it lets tools for vCons find the
/// key where the specification puts it.
enum ReceiptCertificate {
    /// X.509 in DER; the same bytes for the same key, whenever it is made.
    static func make(for key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
        let id = PublishedReceiptKeys.thumbprint(key.publicKey)
        let name = try DistinguishedName { CommonName(id) }
        let certificate = try Certificate(
            version: .v3,
            // RFC 5280 4.1.2.2: positive and at most 20 bytes.
            serialNumber: Certificate.SerialNumber(bytes: [1] + SHA256.hash(data: Data(id.utf8)).prefix(15)),
            publicKey: .init(key.publicKey),
            notValidBefore: Date(timeIntervalSince1970: 0),
            // RFC 5280 4.1.2.5: 9999-12-31T23:59:59Z, the date of what has no end.
            notValidAfter: Date(timeIntervalSince1970: 253_402_300_799),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ed25519,
            extensions: try Certificate.Extensions { KeyUsage(digitalSignature: true) },
            issuerPrivateKey: .init(key)
        )
        var serializer = DER.Serializer()
        try certificate.serialize(into: &serializer)
        return serializer.serializedBytes
    }
}
