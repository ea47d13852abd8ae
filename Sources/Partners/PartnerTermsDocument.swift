import Disclosures
import Foundation
import Primitives

/// A partner's terms as JSON: in the file, in requests and in answers.
package struct PartnerTermsDocument: Codable, Sendable {
    package var legalName: String
    package var contact: String
    package var origins: [String]
    package var purposes: [String]
    package var regions: [String]
    package var rooms: [String]
    package var media: [String]
    package var maximumViewers: Int
    package var maximumViewersPerRoom: Int
    package var grantsPerMinute: Int
    package var allowsPageGrants: Bool

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case legalName = "legal_name"
        case contact
        case origins
        case purposes
        case regions
        case rooms
        case media
        case maximumViewers = "maximum_viewers"
        case maximumViewersPerRoom = "maximum_viewers_per_room"
        case grantsPerMinute = "grants_per_minute"
        case allowsPageGrants = "page_grants"
    }

    package init(_ terms: Partner.Terms) {
        legalName = terms.legalName
        contact = terms.contact
        origins = terms.origins.sorted().map(\.text)
        purposes = terms.purposes.map(\.rawValue).sorted()
        regions = terms.regions.map(\.code).sorted()
        rooms = terms.rooms.map(\.text).sorted()
        media = terms.media.map(\.rawValue).sorted()
        maximumViewers = terms.maximumViewers
        maximumViewersPerRoom = terms.maximumViewersPerRoom
        grantsPerMinute = terms.grantsPerMinute
        allowsPageGrants = terms.allowsPageGrants
    }

    /// Only name and contact are needed; the rest is as in `Partner.Terms`.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let usual = PartnerTermsDocument(Partner.Terms(legalName: "", contact: ""))
        // What is left out is as usual; `null` is nothing that a partner's terms can be.
        func read<Value: Decodable>(_ key: CodingKeys, _ usual: Value) throws -> Value {
            container.contains(key) ? try container.decode(Value.self, forKey: key) : usual
        }
        legalName = try container.decode(String.self, forKey: .legalName)
        contact = try container.decode(String.self, forKey: .contact)
        origins = try read(.origins, usual.origins)
        purposes = try read(.purposes, usual.purposes)
        regions = try read(.regions, usual.regions)
        rooms = try read(.rooms, usual.rooms)
        media = try read(.media, usual.media)
        maximumViewers = try read(.maximumViewers, usual.maximumViewers)
        maximumViewersPerRoom = try read(.maximumViewersPerRoom, usual.maximumViewersPerRoom)
        grantsPerMinute = try read(.grantsPerMinute, usual.grantsPerMinute)
        allowsPageGrants = try read(.allowsPageGrants, usual.allowsPageGrants)
        for (key, count) in [
            (CodingKeys.origins, origins.count), (.purposes, purposes.count), (.regions, regions.count),
            (.rooms, rooms.count), (.media, media.count),
        ] where count > 64 {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: container,
                debugDescription: "has \(count) entries; it takes at most 64"
            )
        }
        try check(.origins, origins, in: container) { WebOrigin($0) != nil }
        try check(.purposes, purposes, in: container) { Purpose(rawValue: $0) != nil }
        try check(.regions, regions, in: container) { Region($0) != nil }
        try check(.rooms, rooms, in: container) { RoomName($0) != nil }
        try check(.media, media, in: container) { MediaType(rawValue: $0) != nil }
    }

    private func check(
        _ key: CodingKeys,
        _ texts: [String],
        in container: KeyedDecodingContainer<CodingKeys>,
        isKnown: (String) -> Bool
    ) throws {
        guard let wrong = texts.first(where: { !isKnown($0) }) else { return }
        throw DecodingError.dataCorruptedError(
            forKey: key,
            in: container,
            debugDescription: "'\(wrong.prefix(64))' cannot be read"
        )
    }

    package var terms: Partner.Terms {
        Partner.Terms(
            legalName: legalName,
            contact: contact,
            origins: Set(origins.compactMap { WebOrigin($0) }),
            purposes: Set(purposes.compactMap { Purpose(rawValue: $0) }),
            regions: Set(regions.compactMap { Region($0) }),
            rooms: Set(rooms.compactMap { RoomName($0) }),
            media: Set(media.compactMap { MediaType(rawValue: $0) }),
            maximumViewers: maximumViewers,
            maximumViewersPerRoom: maximumViewersPerRoom,
            grantsPerMinute: grantsPerMinute,
            allowsPageGrants: allowsPageGrants
        )
    }

    init?(json: String) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else { return nil }
        self = read
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
