import Foundation

extension ConsentReceipt {
    /// The record as a JSON value; throws if a field does not say what it has to.
    func record() throws(ReceiptFieldError) -> JSONValue {
        try check()
        do {
            return try JSONReader.read(Array(JSONEncoder().encode(self)))
        } catch {
            throw ReceiptFieldError(field: "record", reason: "cannot be written as JSON: \(error)")
        }
    }

    /// Reads a record that `record()` wrote; anything more or less than that is refused.
    init(record: JSONValue) throws(ReceiptRefusal) {
        let bytes = record.canonicalBytes
        guard record["schema_version"]?.text == Self.currentSchema else {
            throw .malformed("its record is not of the schema \(Self.currentSchema)")
        }
        do {
            self = try JSONDecoder().decode(ConsentReceipt.self, from: Data(bytes))
        } catch let DecodingError.keyNotFound(key, context) {
            throw .malformed("its record lacks \(Self.path(context.codingPath + [key]))")
        } catch let DecodingError.dataCorrupted(context), let DecodingError.typeMismatch(_, context),
            let DecodingError.valueNotFound(_, context)
        {
            throw .malformed("its record has an unusable \(Self.path(context.codingPath))")
        } catch {
            throw .malformed("its record cannot be read")
        }
        let again: JSONValue
        do throws(ReceiptFieldError) {
            again = try self.record()
        } catch {
            throw .malformed("in its record, \(error)")
        }
        guard again.canonicalBytes == bytes else {
            throw .malformed("its record has members that no record has")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
    }
}
