import Crypto
import Foundation
import Testing

@testable import ConsentReceipts

/// A right signature does not make anything of what it is over.
@Suite struct SignedFaultTests {
    private let keys: ReceiptKeys
    private let published: PublishedReceiptKeys

    init() throws {
        keys = try ReceiptFixtures.keys()
        published = keys.published
    }

    /// Whoever has the key, or a version with a fault, signs what no receipt says: it is refused, member by member,
    /// and nothing that follows a right signature is taken on trust.
    @Test(arguments: [ReceiptForm.record, .kantara, .vcon])
    func refusesSignedDocumentsWithAnyMemberReplaced(_ form: ReceiptForm) throws {
        let receipt = try ReceiptFixtures.full()
        let document = receipt.document(form, record: try receipt.record(), key: keys.signing.publicKey)
        let others: [JSONValue] = [.null, -1, "", [], [:], true, .integer(JSONValue.largestInteger)]
        var accepted: [String] = []
        for (index, path) in paths(document).enumerated() {
            let other = others[index % others.count]
            let changed = replacing(document, path[...], with: other)
            guard changed.canonicalBytes != document.canonicalBytes else { continue }
            let bytes = try signed(changed, form)
            if (try? published.verify(bytes)) != nil { accepted.append(path.joined(separator: "/")) }
        }
        #expect(accepted == [])
    }

    /// What is signed has one text (RFC 8785), so that what two readers compare is what was signed.
    @Test func refusesASignedPayloadThatIsNotCanonical() throws {
        let record = try ReceiptFixtures.small().record()
        let header = SignatureHeader(type: ReceiptForm.record.type, keyID: keys.keyID).canonicalBytes
        let bytes = try ForgedReceipt.compact(header: header, payload: record.canonicalBytes + [0x0A]) {
            try keys.signing.signature(for: $0)
        }
        let refusal = try ReceiptFixtures.refusal(of: bytes, by: published)
        #expect(refusal == .malformed("its payload is not canonical JSON"))
    }

    /// Names that Swift compares by their meaning, names without end and nesting cost no more than their bytes.
    @Test func isQuickWithTextsThatAreMeantToBeSlow() throws {
        let marks = String(repeating: "\u{0301}\u{0316}", count: 60_000)
        let texts = [
            "{\"a\(marks)\":1,\"b\(marks)\":2}", "[" + String(repeating: "{\"a\":[]},", count: 20_000) + "1]",
            "{" + (0..<20_000).map { "\"k\($0)\":0" }.joined(separator: ",") + "}",
            String(repeating: "A.", count: 100_000), String(repeating: "{\"a\":", count: 40_000),
        ]
        let clock = ContinuousClock()
        for text in texts {
            let bytes = Array(text.utf8.prefix(ReceiptKeys.maximumReceiptBytes))
            let duration = clock.measure { _ = try? published.verify(bytes) }
            #expect(duration < .seconds(20), "\(text.prefix(20)): \(duration)")
        }
    }

    private func signed(_ document: JSONValue, _ form: ReceiptForm) throws -> [UInt8] {
        let sign = { (input: Data) throws -> Data in try keys.signing.signature(for: input) }
        guard form == .vcon else {
            let header = SignatureHeader(type: form.type, keyID: keys.keyID)
            return try ForgedReceipt.compact(
                header: header.canonicalBytes,
                payload: document.canonicalBytes,
                sign: sign
            )
        }
        let header = SignatureHeader(
            type: form.type,
            keyID: keys.keyID,
            certificateHash: Base64URLText.encode(SHA256.hash(data: keys.certificate))
        )
        let compact = try ForgedReceipt.compact(
            header: header.canonicalBytes,
            payload: document.canonicalBytes,
            sign: sign
        )
        let parts = String(decoding: compact, as: UTF8.self).split(separator: ".").map(String.init)
        let x5c: JSONValue = .string(Data(keys.certificate).base64EncodedString())
        let unprotected: JSONValue = ["uuid": document["uuid"] ?? .null, "x5c": [x5c]]
        let signature: JSONValue = [
            "header": unprotected, "protected": .string(parts[0]), "signature": .string(parts[2]),
        ]
        return JSONValue.object(["payload": .string(parts[1]), "signatures": [signature]]).canonicalBytes
    }

    /// Where every value of a document stands.
    private func paths(_ value: JSONValue) -> [[String]] {
        switch value {
        case .object(let members):
            members.sorted { $0.key < $1.key }.flatMap { name, member in
                [[name]] + paths(member).map { [name] + $0 }
            }
        case .array(let elements):
            elements.enumerated().flatMap { index, element in
                [["\(index)"]] + paths(element).map { ["\(index)"] + $0 }
            }
        default: []
        }
    }

    private func replacing(_ value: JSONValue, _ path: ArraySlice<String>, with other: JSONValue) -> JSONValue
    {
        guard let first = path.first else { return other }
        switch value {
        case .object(var members):
            members[first] = members[first].map { replacing($0, path.dropFirst(), with: other) }
            return .object(members)
        case .array(var elements):
            guard let index = Int(first) else { return value }
            elements[index] = replacing(elements[index], path.dropFirst(), with: other)
            return .array(elements)
        default: return value
        }
    }
}
