import Crypto
import Foundation

/// A receipt whose signature, key and contents were checked.
package struct VerifiedReceipt: Sendable, Equatable {
    package let receipt: ConsentReceipt
    package let form: ReceiptForm
    /// The thumbprint of the key that signed it.
    package let keyID: String
}

/// The parts of a JWS, whichever serialisation they came in.
private struct SignatureParts {
    let header: String
    let payload: String
    let signature: String
}

extension PublishedReceiptKeys {
    /// Checks a receipt in any of its forms, with nothing but the published keys.
    ///
    /// The signature is checked before anything in the receipt is believed; the standard's fields then have to
    /// follow from the record beside them. A change of what `ConsentReceipt.document` writes would refuse receipts
    /// that were made before it, so it comes with a way to tell both apart.
    package func verify(_ bytes: [UInt8]) throws(ReceiptRefusal) -> VerifiedReceipt {
        guard bytes.count <= ReceiptKeys.maximumReceiptBytes else {
            throw .tooLarge(limit: ReceiptKeys.maximumReceiptBytes)
        }
        let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        guard let first = bytes.first(where: { !space.contains($0) }) else { throw .truncated }
        guard first == UInt8(ascii: "{") else { return try verifyCompact(bytes) }
        let value = try Self.parsed(bytes)
        if value["@context"] != nil { return try verifyDPV(value) }
        if value["signatures"] != nil { return try verifyVCon(value) }
        if value["payload"] != nil { return try verifyFlattened(value) }
        if value["keys"] != nil { throw .malformed("it is a file of keys") }
        throw .malformed("it is none of the forms that receipts come in")
    }

    /// RFC 7515 section 7.1; one line end after it is how a shell keeps a text.
    private func verifyCompact(_ bytes: [UInt8]) throws(ReceiptRefusal) -> VerifiedReceipt {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("it is not text") }
        let line = text.hasSuffix("\n") ? text.dropLast() : text[...]
        let parts = line.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else {
            let header = try SignatureHeader(encoded: parts[0])
            // The header is whole and of ours, so what is missing is behind it.
            if parts.count < 3, Self.form(ofType: header.type) != nil { throw .truncated }
            throw .malformed("it does not have the three parts of a signed text")
        }
        return try verifyPayload(SignatureParts(header: parts[0], payload: parts[1], signature: parts[2]))
    }

    /// RFC 7515 7.2.2, which some tools make of a compact one.
    private func verifyFlattened(_ value: JSONValue) throws(ReceiptRefusal) -> VerifiedReceipt {
        try verifyPayload(try Self.parts(value, members: ["payload", "protected", "signature"]))
    }

    private func verifyPayload(_ parts: SignatureParts) throws(ReceiptRefusal) -> VerifiedReceipt {
        let header = try SignatureHeader(encoded: parts.header)
        guard let form = Self.form(ofType: header.type), form == .record || form == .kantara else {
            throw .malformed("it is signed as '\(SignatureHeader.shown(header.type))'")
        }
        let key = try check(parts, header)
        let document = try Self.parsedPayload(parts.payload)
        let record = form == .record ? document : document[ReceiptForm.recordMember]
        return try verified(document, record, form, key)
    }

    private func verifyDPV(_ value: JSONValue) throws(ReceiptRefusal) -> VerifiedReceipt {
        guard let proof = value[DetachedProof.member], let jws = proof["sec:jws"]?.text else {
            throw .malformed("it has no \(DetachedProof.member) with a signature")
        }
        let ends = jws.split(separator: ".", omittingEmptySubsequences: false)
        guard ends.count == 3, ends[1].isEmpty,
            DetachedProof.value(header: ends[0], signature: ends[2]).canonicalBytes == proof.canonicalBytes
        else { throw .malformed("its \(DetachedProof.member) is not a detached signature") }
        let document = value.removing(DetachedProof.member)
        let parts = SignatureParts(
            header: String(ends[0]),
            payload: Base64URLText.encode(document.canonicalBytes),
            signature: String(ends[2])
        )
        let header = try SignatureHeader(encoded: parts.header)
        guard header.type == ReceiptForm.dpv.type else {
            throw .malformed("it is signed as '\(SignatureHeader.shown(header.type))'")
        }
        let key = try check(parts, header)
        return try verified(document, document[ReceiptForm.recordMember]?["@value"], .dpv, key)
    }

    private func verifyVCon(_ value: JSONValue) throws(ReceiptRefusal) -> VerifiedReceipt {
        guard let signatures = value["signatures"]?.elements, signatures.count == 1,
            let payload = value["payload"]
        else { throw .malformed("it does not have a payload and one signature") }
        guard value.members?.count == 2 else { throw .malformed("it has members that no signed vCon has") }
        let parts = try Self.parts(
            signatures[0].adding(["payload": payload]),
            members: ["payload", "protected", "signature", "header"]
        )
        let header = try SignatureHeader(encoded: parts.header)
        guard header.type == ReceiptForm.vcon.type else {
            throw .malformed("it is signed as '\(SignatureHeader.shown(header.type))'")
        }
        let key = try check(parts, header)
        let document = try Self.parsedPayload(parts.payload)
        try Self.checkUnprotected(signatures[0]["header"], header, document)
        let record = document["attachments"]?.elements?.last?["body"]
        return try verified(document, record, .vcon, key)
    }

    /// The unprotected header is not signed, so everything in it has to be what the signed parts say.
    private static func checkUnprotected(
        _ unprotected: JSONValue?,
        _ header: SignatureHeader,
        _ document: JSONValue
    ) throws(ReceiptRefusal) {
        guard let members = unprotected?.members, members.count == 2,
            let certificates = members["x5c"]?.elements, certificates.count == 1,
            let text = certificates[0].text, let certificate = Data(base64Encoded: text),
            certificate.base64EncodedString() == text,
            Base64URLText.encode(SHA256.hash(data: certificate)) == header.certificateHash,
            let uuid = members["uuid"]?.text, uuid == document["uuid"]?.text
        else { throw .altered }
    }

    /// The key that the header names, if the signature is one by it.
    private func check(
        _ parts: SignatureParts,
        _ header: SignatureHeader
    ) throws(ReceiptRefusal) -> Curve25519.Signing.PublicKey {
        guard let key = key(withID: header.keyID) else {
            throw .otherKey(SignatureHeader.shown(header.keyID))
        }
        guard let signature = Base64URLText.decode(parts.signature) else {
            throw .malformed("its signature is not base64url")
        }
        // RFC 8032 5.1: an Ed25519 signature has 64 bytes.
        guard signature.count >= 64 else { throw .truncated }
        guard key.isValidSignature(signature, for: SigningInput.bytes(parts.header, parts.payload)) else {
            throw .altered
        }
        return key
    }

    /// What the signed document says, which has to be what follows from the record in it.
    private func verified(
        _ document: JSONValue,
        _ record: JSONValue?,
        _ form: ReceiptForm,
        _ key: Curve25519.Signing.PublicKey
    ) throws(ReceiptRefusal) -> VerifiedReceipt {
        guard let record else { throw .malformed("it has no record in it") }
        let receipt = try ConsentReceipt(record: record)
        let expected = receipt.document(form, record: record, key: key)
        guard expected.canonicalBytes == document.canonicalBytes else { throw .contradictory }
        return VerifiedReceipt(receipt: receipt, form: form, keyID: Self.thumbprint(key))
    }

    private static func form(ofType type: String) -> ReceiptForm? {
        ReceiptForm.allCases.first { $0.type == type }
    }

    private static func parsed(_ bytes: [UInt8]) throws(ReceiptRefusal) -> JSONValue {
        do throws(JSONFailure) {
            return try JSONReader.read(bytes)
        } catch {
            throw error.refusal
        }
    }

    /// What was signed is canonical (RFC 8785), as everything is that we sign.
    private static func parsedPayload(_ payload: String) throws(ReceiptRefusal) -> JSONValue {
        guard let bytes = Base64URLText.decode(payload) else {
            throw .malformed("its payload is not base64url")
        }
        let value = try parsed(bytes)
        guard value.canonicalBytes == bytes else { throw .malformed("its payload is not canonical JSON") }
        return value
    }

    private static func parts(
        _ value: JSONValue,
        members: Set<String>
    ) throws(ReceiptRefusal) -> SignatureParts {
        guard let found = value.members, Set(found.keys) == members, let header = found["protected"]?.text,
            let payload = found["payload"]?.text, let signature = found["signature"]?.text
        else { throw .malformed("it does not have exactly the members \(members.sorted())") }
        return SignatureParts(header: header, payload: payload, signature: signature)
    }
}
