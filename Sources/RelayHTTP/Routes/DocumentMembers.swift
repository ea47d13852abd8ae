import Disclosures

/// Reads one member of a JSON object as a value spelt in text, and says what it takes if it is not one.
func named<Key: CodingKey, Value>(
    _ key: Key,
    in container: KeyedDecodingContainer<Key>,
    _ what: String,
    _ parse: (String) -> Value?
) throws -> Value? {
    guard let text = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
    guard let value = parse(text) else {
        throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: what)
    }
    return value
}

/// The same for a list; an absent one is empty.
func namedList<Key: CodingKey, Value: Hashable>(
    _ key: Key,
    in container: KeyedDecodingContainer<Key>,
    _ what: String,
    _ parse: (String) -> Value?
) throws -> Set<Value> {
    let texts = try container.decodeIfPresent([String].self, forKey: key) ?? []
    return try Set(
        texts.map { text in
            guard let value = parse(text) else {
                throw DecodingError.dataCorruptedError(forKey: key, in: container, debugDescription: what)
            }
            return value
        }
    )
}

func known<Value: CaseIterable & RawRepresentable>(_: Value.Type) -> String
where Value.RawValue == String {
    "known are " + Value.allCases.map(\.rawValue).joined(separator: ", ")
}

let regionForm = "a region is an ISO 3166 code such as DE or US-CA, EU or EEA"
let timeForm = "not a time of the form 2026-01-31T12:00:00Z (RFC 3339)"
let languageForm = "a language is a BCP 47 tag of at most 35 letters, digits and hyphens"
let evidenceForm = "evidence is a file number of 1 to 64 characters of a-z A-Z 0-9 space . / : _ -"
let streamForm = "a stream's name is 1 to 128 characters of a-z A-Z 0-9 - _ ."

extension ConsentTerms {
    /// Whether `text` is one as evidence is named by: it stands in events, which outlive an erasure, and has no room
    /// for what tells of people.
    package static func isFileNumber(_ text: String) -> Bool {
        isName(text, longest: 64, with: [0x20, 0x2E, 0x2F, 0x3A, 0x5F, 0x2D])
    }
}

func languageTag(_ text: String) -> String? { isName(text, longest: 35, with: [0x2D]) ? text : nil }

func fileNumber(_ text: String) -> String? { ConsentTerms.isFileNumber(text) ? text : nil }

func streamName(_ text: String) -> String? {
    isName(text, longest: 128, with: [0x2D, 0x5F, 0x2E]) ? text : nil
}

private func isName(_ text: String, longest: Int, with marks: Set<UInt8>) -> Bool {
    (1...longest).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: marks.contains(byte)
            }
        }
}
