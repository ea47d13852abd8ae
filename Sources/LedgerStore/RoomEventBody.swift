import Disclosures
import Foundation
import Primitives

/// The body of one event as it is stored: JSON with sorted members, in which every person is a number.
///
/// The numbers are rows of the table `principal`; taking the text out of such a row takes the person out of every
/// event without editing one.
enum RoomEventBody {
    /// How persons become numbers when an event is written.
    typealias Reference = (String) throws -> Int64
    /// How numbers become persons when an event is read; `nil` for somebody who has been erased.
    typealias Resolution = (Int64) throws -> String?

    /// What stands for somebody who has been erased where an event names more than one.
    static let erasedEntity = ConsentStatement.erasedEntity

    /// A body that says what this program does not understand.
    struct Malformed: Error {}

    struct Statement: Codable {
        var purpose: Purpose
        var recipientClass: RecipientClass
        var recipient: String?
        var wholeClass: Bool?
        var stream: String?
        var session: String?
        var state: ConsentState
        var media: [MediaType]
        var validFrom: Int64?
        var validUntil: Int64?
        var source: ConsentSource
        var givenAt: Int64
        var entity: Int64?
        var notice: Notice?
        var terms: Terms?
    }

    struct Notice: Codable {
        var id: String
        var version: String
        var sha256: String
    }

    struct Terms: Codable {
        var language: String?
        var lawfulBasis: ConsentTerms.LawfulBasis?
        var retentionSeconds: Int64?
        var storageLocations: [String]?
        var geographicRestrictions: [String]?
        var jurisdiction: String?
        var withdrawalMethod: String?
        var evidence: String?
    }

    struct Publication: Codable {
        var id: String
        var version: String
        var language: String
        var sha256: String
        var controller: String
        var change: NoticeVersion.Change
        var purposes: [Purpose]
    }

    struct Rules: Codable {
        var consentRule: RoomRules.ConsentRule
        var recordedOnly: Bool
        var minors: [MinorPermission]
        var unknownAgeIsChild: Bool
        var relayRegion: String?
        var storageRegion: String?
        var retentionSeconds: Int64?
    }

    struct Principal: Codable {
        var principalClass: PrincipalStatus.PrincipalClass
        var ageBand: AgeBand
        var guardian: Int64?
        var deactivated: Bool
    }

    struct Demand: Codable {
        var id: String
        var authority: String
        var basis: String
        var purposes: [Purpose]
        var media: [MediaType]
        var stream: String?
        var validFrom: Int64?
        var validUntil: Int64?
        var approvals: [Int64]
        var lifted: Bool
    }

    struct Hold: Codable {
        var id: String
        var purposes: [Purpose]
        var stream: String?
        var reason: String
        var lifted: Bool
    }

    struct Controller: Codable {
        var controller: String
        var reason: String
    }
}

extension RoomEventBody {
    static func encode(_ body: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(body), as: UTF8.self)
    }

    /// Reads a body that says exactly what we would write: a member that is unknown here might take something away.
    static func decode<Body: Codable>(_ type: Body.Type, _ text: String) throws -> Body {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let body = try decoder.decode(type, from: Data(text.utf8))
        guard try encode(body) == text else { throw Malformed() }
        return body
    }

    static func sorted<Value: RawRepresentable<String>>(_ values: Set<Value>) -> [Value] {
        values.sorted { $0.rawValue < $1.rawValue }
    }

    /// The set of `values`, if each stands there once.
    static func set<Value: Hashable>(_ values: [Value]) throws -> Set<Value> {
        let set = Set(values)
        guard set.count == values.count else { throw Malformed() }
        return set
    }

    static func regions(_ codes: [String]?) throws -> Set<Region> {
        try set(try (codes ?? []).map { code in try region(code) })
    }

    static func region(_ code: String) throws -> Region {
        guard let region = Region(code) else { throw Malformed() }
        return region
    }

    static func window(_ from: Int64?, _ until: Int64?) -> ValidityWindow {
        ValidityWindow(
            from: from.map(WallClockTime.init(nanosecondsSince1970:)),
            until: until.map(WallClockTime.init(nanosecondsSince1970:))
        )
    }
}
