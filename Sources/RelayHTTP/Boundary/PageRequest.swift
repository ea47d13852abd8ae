import Hummingbird
import RoomControl

/// Which part of a list a request asks for: `?limit=` and `?cursor=`.
///
/// A cursor says which item was the last, not how many there were, so that a list that changes meanwhile shows
/// nothing twice.
struct PageRequest {
    static let standardLimit = 100
    static let maximumLimit = 1000
    /// Of the key that a cursor holds; longer than any name.
    static let maximumKeyBytes = 64

    let limit: Int
    /// The sort key of the last item before the page.
    let after: String?

    /// 400 for a limit or a cursor that is none.
    init(_ request: Request) throws(RelayProblem) {
        let parameters = request.uri.queryParameters
        let limit = parameters["limit"].map { Self.number($0) } ?? Self.standardLimit
        guard let limit, (1...Self.maximumLimit).contains(limit) else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "limit is a whole number from 1 to \(Self.maximumLimit)"
            )
        }
        self.limit = limit
        if let cursor = parameters["cursor"] {
            guard let key = Self.key(cursor) else {
                throw RelayProblem(
                    "malformed-query",
                    status: 400,
                    detail: "the cursor is none that a Link of this list named"
                )
            }
            after = key
        } else {
            after = nil
        }
    }

    /// The page of a list sorted by `key`, and the query of the next one if there is more.
    func page<Item>(of items: [Item], by key: (Item) -> String) -> (items: [Item], next: String?) {
        let rest = after.map { last in items.drop { key($0) <= last } } ?? items[...]
        let page = Array(rest.prefix(limit))
        guard rest.count > limit, let last = page.last else { return (page, nil) }
        return (page, query(after: key(last)))
    }

    /// The query of the page that begins after the item of this key.
    func query(after key: String) -> String {
        let cursor = key.utf8.map { String($0 >> 4, radix: 16) + String($0 & 0xF, radix: 16) }.joined()
        return "limit=\(limit)&cursor=\(cursor)"
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private static func key(_ cursor: Substring) -> String? {
        let digits = cursor.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == cursor.utf8.count, digits.count.isMultiple(of: 2),
            (2...maximumKeyBytes * 2).contains(digits.count)
        else { return nil }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
