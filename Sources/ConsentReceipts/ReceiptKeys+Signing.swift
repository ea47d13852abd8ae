import Crypto
import Foundation

/// Why a receipt cannot be signed.
package enum ReceiptSigningError: Error, Sendable, Equatable, CustomStringConvertible {
    case field(ReceiptFieldError)
    /// More bytes than a reader takes.
    case tooLarge(bytes: Int, limit: Int)
    /// The library would not sign.
    case signature(String)

    package var description: String {
        switch self {
        case .field(let error): "a receipt cannot be made: \(error)"
        case .tooLarge(let bytes, let limit): "a receipt of \(bytes) bytes is over the limit of \(limit)"
        case .signature(let reason): "a receipt cannot be signed: \(reason)"
        }
    }
}

extension ReceiptKeys {
    /// More than a receipt of 16 grants takes in any form, base64 included; readers refuse what is longer.
    package static let maximumReceiptBytes = 256 * 1024

    /// The receipt in one of its forms, signed, ready to be handed out as `form.mediaType`.
    package func sign(
        _ receipt: ConsentReceipt,
        as form: ReceiptForm
    ) throws(ReceiptSigningError) -> [UInt8] {
        let record: JSONValue
        do throws(ReceiptFieldError) {
            record = try receipt.record()
        } catch {
            throw .field(error)
        }
        let document = receipt.document(form, record: record, key: signing.publicKey)
        let bytes =
            switch form {
            case .record, .kantara: Array(try compact(document, form).utf8)
            case .dpv: try withProof(document).canonicalBytes
            case .vcon: try general(document, receipt).canonicalBytes
            }
        guard bytes.count <= Self.maximumReceiptBytes else {
            throw .tooLarge(bytes: bytes.count, limit: Self.maximumReceiptBytes)
        }
        return bytes
    }

    /// RFC 7515 7.1.
    private func compact(_ document: JSONValue, _ form: ReceiptForm) throws(ReceiptSigningError) -> String {
        let header = Base64URLText.encode(SignatureHeader(type: form.type, keyID: keyID).canonicalBytes)
        let payload = Base64URLText.encode(document.canonicalBytes)
        return "\(header).\(payload).\(try signature(header: header, payload: payload))"
    }

    /// RFC 7515 Appendix F: the payload is the canonical text of the document without its proof.
    private func withProof(_ document: JSONValue) throws(ReceiptSigningError) -> JSONValue {
        let header = SignatureHeader(type: ReceiptForm.dpv.type, keyID: keyID)
        let encoded = Base64URLText.encode(header.canonicalBytes)
        let payload = Base64URLText.encode(document.canonicalBytes)
        let signature = try signature(header: encoded, payload: payload)
        return document.adding([
            DetachedProof.member: DetachedProof.value(header: encoded, signature: signature)
        ])
    }

    /// RFC 7515 7.2.1, with what a signed vCon has to have in its unprotected header.
    private func general(
        _ document: JSONValue,
        _ receipt: ConsentReceipt
    ) throws(ReceiptSigningError) -> JSONValue {
        let header = SignatureHeader(
            type: ReceiptForm.vcon.type,
            keyID: keyID,
            certificateHash: Base64URLText.encode(SHA256.hash(data: certificate))
        )
        let encoded = Base64URLText.encode(header.canonicalBytes)
        let payload = Base64URLText.encode(document.canonicalBytes)
        return [
            "payload": .string(payload),
            "signatures": [
                [
                    "protected": .string(encoded),
                    "header": [
                        "uuid": .string(receipt.receiptID),
                        "x5c": [.string(Data(certificate).base64EncodedString())],
                    ],
                    "signature": .string(try signature(header: encoded, payload: payload)),
                ]
            ],
        ]
    }

    private func signature(header: String, payload: String) throws(ReceiptSigningError) -> String {
        do {
            return Base64URLText.encode(try signing.signature(for: SigningInput.bytes(header, payload)))
        } catch {
            throw .signature("\(error)")
        }
    }
}

/// RFC 7515 5.1: what a signature is over.
enum SigningInput {
    static func bytes(_ header: some StringProtocol, _ payload: some StringProtocol) -> Data {
        Data("\(header).\(payload)".utf8)
    }
}

/// The member in which a document in JSON-LD carries the signature over the rest of it.
enum DetachedProof {
    static let member = "sec:proof"

    static func value(header: some StringProtocol, signature: some StringProtocol) -> JSONValue {
        ["@type": "tally:DetachedSignature", "sec:jws": .string("\(header)..\(signature)")]
    }
}

extension ConsentReceipt {
    /// What is signed for a form, and follows from the record and the key alone.
    func document(
        _ form: ReceiptForm,
        record: JSONValue,
        key: Curve25519.Signing.PublicKey
    ) -> JSONValue {
        switch form {
        case .record: record
        case .dpv: dpvDocument(record: record)
        case .kantara:
            kantaraDocument(record: record, publicKey: Base64URLText.encode(key.rawRepresentation))
        case .vcon: vConDocument(record: record)
        }
    }
}
