import Crypto
import Foundation
import Testing

@testable import ConsentReceipts

/// What an attacker, a bad disk or a careless hand makes of a receipt is refused, and for the right reason.
@Suite struct TamperTests {
    private let keys: ReceiptKeys
    private let published: PublishedReceiptKeys

    init() throws {
        keys = try ReceiptFixtures.keys()
        published = keys.published
    }

    /// Every byte of the record and of the form in plain JSON, where it would matter that two texts mean the same;
    /// of the others everything but the inside of the payload, of which every fourth.
    private func places(_ bytes: [UInt8], _ form: ReceiptForm) -> [Int] {
        guard form == .kantara || form == .vcon else { return Array(bytes.indices) }
        let inside = 300..<(bytes.count - (form == .vcon ? 1_400 : 200))
        return bytes.indices.filter { !inside.contains($0) || $0 % 4 == 0 }
    }

    /// Bit 5 makes another case of a letter, which is where a second spelling of the same would be.
    @Test(arguments: ReceiptForm.allCases)
    func refusesEveryFlippedByte(_ form: ReceiptForm) throws {
        let bytes = try keys.sign(try ReceiptFixtures.small(), as: form)
        let accepted = places(bytes, form).filter { index in
            var altered = bytes
            altered[index] ^= altered[index] >= 0x41 ? 0x20 : 1 << (index % 8)
            return (try? published.verify(altered)) != nil
        }
        #expect(accepted == [])
    }

    @Test(arguments: ReceiptForm.allCases)
    func refusesRemovedBytes(_ form: ReceiptForm) throws {
        let bytes = try keys.sign(try ReceiptFixtures.small(), as: form)
        let accepted = stride(from: 0, to: bytes.count, by: 7).filter { index in
            var altered = bytes
            altered.remove(at: index)
            return (try? published.verify(altered)) != nil
        }
        #expect(accepted == [])
    }

    @Test(arguments: ReceiptForm.allCases)
    func saysOfEveryBeginningThatItIsNoWholeReceipt(_ form: ReceiptForm) throws {
        let bytes = try keys.sign(try ReceiptFixtures.small(), as: form)
        for length in bytes.indices {
            let refusal = try ReceiptFixtures.refusal(of: Array(bytes.prefix(length)), by: published)
            switch (form, refusal) {
            case (.dpv, .truncated), (.vcon, .truncated): continue
            case (.record, .truncated), (.kantara, .truncated): continue
            case (.record, .malformed), (.kantara, .malformed): continue
            default: Issue.record("\(length) bytes of \(form): \(refusal)")
            }
        }
        let most = Array(bytes.dropLast(3))
        #expect(try ReceiptFixtures.refusal(of: most, by: published).code.contains("truncated"))
    }

    @Test(arguments: ReceiptForm.allCases)
    func namesTheOtherKey(_ form: ReceiptForm) throws {
        let other = try ReceiptFixtures.keys(9)
        let bytes = try other.sign(try ReceiptFixtures.small(), as: form)
        #expect(try ReceiptFixtures.refusal(of: bytes, by: published) == .otherKey(other.keyID))
    }

    /// A header that names our key, over a signature by another.
    @Test func refusesAnotherKeyUnderOurName() throws {
        let other = try ReceiptFixtures.keys(9)
        let bytes = try ForgedReceipt.compact(
            header: SignatureHeader(type: ReceiptForm.record.type, keyID: keys.keyID).canonicalBytes,
            payload: try ReceiptFixtures.small().record().canonicalBytes
        ) { try other.signing.signature(for: $0) }
        #expect(try ReceiptFixtures.refusal(of: bytes, by: published) == .altered)
    }

    /// RFC 8725 2.1: no signature, and the public key as a secret.
    @Test(arguments: ["none", "None", "HS256", "ES256", "RS256", "Ed448", "eddsa", ""])
    func refusesOtherAlgorithms(_ algorithm: String) throws {
        let header: JSONValue = [
            "alg": .string(algorithm), "kid": .string(keys.keyID), "typ": .string(ReceiptForm.record.type),
        ]
        let secret = SymmetricKey(data: keys.signing.publicKey.rawRepresentation)
        let payload = try ReceiptFixtures.small().record().canonicalBytes
        for sign in [
            { (_: Data) in Data() }, { Data(HMAC<SHA256>.authenticationCode(for: $0, using: secret)) },
            { try keys.signing.signature(for: $0) },
        ] as [(Data) throws -> Data] {
            let bytes = try ForgedReceipt.compact(header: header.canonicalBytes, payload: payload, sign: sign)
            #expect(try ReceiptFixtures.refusal(of: bytes, by: published) == .algorithm(algorithm))
        }
    }

    /// Keys that a header brings along, and extensions that a reader would have to understand.
    @Test(arguments: [
        #""jwk":{"kty":"OKP"}"#, #""jku":"https://evil.example/keys""#, #""crit":["b64"],"b64":false"#,
        #""x5u":"https://evil.example/cert""#, #""cty":"JWT""#,
    ])
    func refusesHeadersWithMoreThanWeWrite(_ member: String) throws {
        let text = #"{"alg":"EdDSA",\#(member),"kid":"\#(keys.keyID)","typ":"consent-record+json"}"#
        let canonical = try JSONReader.read(Array(text.utf8)).canonicalBytes
        let bytes = try ForgedReceipt.compact(
            header: canonical,
            payload: try ReceiptFixtures.small().record().canonicalBytes
        ) { try keys.signing.signature(for: $0) }
        #expect(
            try ReceiptFixtures.refusal(of: bytes, by: published)
                == .malformed("the signature's header has members that no receipt has")
        )
    }

    /// The same key signs all forms; a signature for one is none for another.
    @Test func refusesASignatureOfAnotherForm() throws {
        let receipt = try ReceiptFixtures.small()
        let record = try receipt.record()
        for (signedAs, written) in [(ReceiptForm.record, ReceiptForm.kantara), (.kantara, .record)] {
            let bytes = try ForgedReceipt.compact(
                header: SignatureHeader(type: written.type, keyID: keys.keyID).canonicalBytes,
                payload: receipt.document(signedAs, record: record, key: keys.signing.publicKey)
                    .canonicalBytes
            ) { try keys.signing.signature(for: $0) }
            guard case .malformed = try ReceiptFixtures.refusal(of: bytes, by: published) else {
                Issue.record("\(signedAs) as \(written)")
                continue
            }
        }
        for type in ["JWT", ReceiptForm.dpv.type, ReceiptForm.vcon.type] {
            let bytes = try ForgedReceipt.compact(
                header: SignatureHeader(type: type, keyID: keys.keyID).canonicalBytes,
                payload: record.canonicalBytes
            ) { try keys.signing.signature(for: $0) }
            #expect(
                try ReceiptFixtures.refusal(of: bytes, by: published)
                    == .malformed("it is signed as '\(type)'")
            )
        }
    }

    /// Signed by the right key, which does not make it say one thing.
    @Test(arguments: [ReceiptForm.dpv, .kantara])
    func refusesFieldsThatContradictTheRecord(_ form: ReceiptForm) throws {
        let given = try ReceiptFixtures.small()
        let withdrawn = try ReceiptFixtures.small(.withdrawn)
        let key = keys.signing.publicKey
        let document = given.document(form, record: try given.record(), key: key)
        let other = withdrawn.document(form, record: try withdrawn.record(), key: key)
        let member = try #require(other[ReceiptForm.recordMember])
        let mixed = document.adding([ReceiptForm.recordMember: member])
        let header = SignatureHeader(type: form.type, keyID: keys.keyID).canonicalBytes
        let compact = try ForgedReceipt.compact(header: header, payload: mixed.canonicalBytes) {
            try keys.signing.signature(for: $0)
        }
        var bytes = compact
        if form == .dpv {
            let parts = String(decoding: compact, as: UTF8.self).split(separator: ".")
            bytes =
                mixed.adding([
                    DetachedProof.member: DetachedProof.value(header: parts[0], signature: parts[2])
                ]).canonicalBytes
        }
        #expect(try ReceiptFixtures.refusal(of: bytes, by: published) == .contradictory)
    }

    /// RFC 8032 5.1.7: `S` plus the order of the group would be a second signature of the same text.
    @Test func refusesTheOtherSpellingOfASignature() throws {
        let order: [UInt8] = [
            0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0,
            0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ]
        let bytes = try keys.sign(try ReceiptFixtures.small(), as: .record)
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: ".").map(String.init)
        var signature = try #require(Base64URLText.decode(parts[2]))
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        let text = "\(parts[0]).\(parts[1]).\(Base64URLText.encode(signature))"
        #expect(try ReceiptFixtures.refusal(of: Array(text.utf8), by: published) == .altered)
    }

    @Test func refusesMoreBytesThanAReceiptHas() throws {
        let limit = ReceiptKeys.maximumReceiptBytes
        for filler in [UInt8(ascii: "{"), UInt8(ascii: " "), UInt8(ascii: "A"), UInt8(ascii: ".")] {
            let most = [UInt8](repeating: filler, count: limit)
            let refusal = try ReceiptFixtures.refusal(of: most, by: published)
            #expect(refusal != .tooLarge(limit: limit))
            #expect(
                try ReceiptFixtures.refusal(of: most + [filler], by: published) == .tooLarge(limit: limit)
            )
        }
    }

    @Test(arguments: [
        "{}", "[]", "{\"@context\":{}}", "{\"payload\":\"\"}", "{\"signatures\":[]}", "..", "a.b.c", ".",
        "null",
        "{\"payload\":\"\",\"signatures\":[{}]}", "{\"@context\":{},\"sec:proof\":{\"sec:jws\":\"..\"}}",
        "{\"keys\":[]}", "GIF89a", "-----BEGIN PGP SIGNED MESSAGE-----",
    ])
    func refusesWhatIsNoReceipt(_ text: String) throws {
        guard case .malformed = try ReceiptFixtures.refusal(of: Array(text.utf8), by: published) else {
            Issue.record("\(text) is not refused as malformed")
            return
        }
    }
}
