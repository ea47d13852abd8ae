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
