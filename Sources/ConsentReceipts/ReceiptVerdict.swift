import Foundation

extension VerifiedReceipt {
    /// The verdict for programs: a JSON object in one line, with the whole record.
    package var json: String {
        var members: [String: JSONValue] = [
            "genuine": true, "form": .string(form.rawValue), "key_id": .string(keyID),
            "lines": .array(receipt.plainLines.map { .string($0) }),
        ]
        // It was verified, so its fields are in order and this does not throw.
        if let record = try? receipt.record() { members["record"] = record }
        return String(decoding: JSONValue.object(members).canonicalBytes, as: UTF8.self)
    }
}

extension ReceiptRefusal {
    /// The verdict for programs: a JSON object in one line.
    package var json: String {
        let verdict: JSONValue = [
            "genuine": false, "reason": .string(code), "detail": .string(description),
        ]
        return String(decoding: verdict.canonicalBytes, as: UTF8.self)
    }
}
