import Disclosures
import Foundation
import Primitives
import RoomControl

/// The files of the archive of everything that is held about a participant.
enum ExportDocuments {
    private struct About: Encodable {
        var participant: String
        var exportedAt: String
        var rooms: [String]
        var files: [String: String]
    }

    private struct History: Encodable {
        var events: [ExportedEvent]
    }

    private static let meanings = [
        "rooms/{room}/consents.json": "your consents and what the relay does with each audience now",
        "rooms/{room}/status.json": "what is recorded of you as a person, holds and legal demands",
        "rooms/{room}/profile.json": "your corrected display fields, if there are any",
        "rooms/{room}/history-{page}.json": "every event of the room's log about you, oldest first",
        "disclosures-{page}.json":
            "who received what of you, with proofs that it stands in the ledger, and what operators looked at",
        "rooms/{room}/receipts/{sequence}.{form}":
            "the signed receipt of your last word on each purpose and recipient; it tells of those before",
        "notices/{sha256}.txt": "the words of the notices that your consents refer to",
    ]

    static func file(_ record: ExportedRecord) -> ExportedFile {
        switch record {
        case .about(let participant, let rooms, let time):
            json(
                "about.json",
                About(
                    participant: participant.text,
                    exportedAt: time.rfc3339,
                    rooms: rooms.map(\.text),
                    files: meanings
                )
            )
        case .consents(let room, let overview): json("rooms/\(room.text)/consents.json", overview)
        case .status(let room, let governed):
            json("rooms/\(room.text)/status.json", GovernedParticipantDocument(governed: governed))
        case .displayFields(let room, let profile):
            json("rooms/\(room.text)/profile.json", ProfileDocument(profile: profile))
        case .history(let room, let page, let events):
            json(
                "rooms/\(room.text)/history-\(page).json",
                History(events: events.map { ExportedEvent(event: $0) })
            )
        case .disclosures(let page, let json):
            ExportedFile(path: "disclosures-\(page).json", bytes: Array(json.utf8))
        case .notice(let digest, let words):
            ExportedFile(path: "notices/\(digest).txt", bytes: Array(words.text.utf8))
        case .file(let file): file
        }
    }

    private static func json(_ path: String, _ document: some Encodable) -> ExportedFile {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = (try? encoder.encode(document)) ?? Data("{}".utf8)
        return ExportedFile(path: path, bytes: Array(data))
    }
}

/// The newest statement on each key in every room: their receipts tell of all that were before.
struct NewestStatements {
    /// More than one participant decides about; what is beyond is listed in the history.
    private static let maximumKeys = 256

    private var newest: [RoomName: [ConsentKey: UInt64]] = [:]

    mutating func take(_ record: ExportedRecord) {
        guard case .history(let room, _, let events) = record else { return }
        for event in events {
            guard let key = event.statement?.key else { continue }
            let isKnown = newest[room]?[key] != nil
            guard isKnown || newest[room]?.count ?? 0 < Self.maximumKeys else { continue }
            newest[room, default: [:]][key] = event.sequence
        }
    }

    /// By room and place in its log.
    var places: [(RoomName, UInt64)] {
        newest.sorted { $0.key.text < $1.key.text }.flatMap { room, sequences in
            sequences.values.sorted().map { (room, $0) }
        }
    }
}

/// One event of a room's log about a participant, with all that it says.
private struct ExportedEvent: Encodable {
    let event: ConsentEvent

    private enum CodingKeys: String, CodingKey {
        case terms
        case stated
    }

    private struct Terms: Encodable {
        var language: String?
        var lawfulBasis: String?
        var retentionSeconds: Int64?
        var storageLocations: [String]
        var geographicRestrictions: [String]
        var jurisdiction: String?
        var withdrawalMethod: String?
        var evidence: String?
        var session: String?
    }

    private struct Status: Encodable {
        var `class`: String
        var ageBand: String
        var guardian: String?
        var deactivated: Bool
    }

    private struct Restriction: Encodable {
        var id: String
        var authority: String?
        var basis: String?
        var reason: String?
        var purposes: [String]
        var stream: String?
        var lifted: Bool
    }

    func encode(to encoder: any Encoder) throws {
        try HistoryEntry(event: event).encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch event.content {
        case .statement(let statement): try container.encode(terms(statement), forKey: .terms)
        case .principal(let status):
            try container.encode(
                Status(
                    class: status.principalClass.rawValue,
                    ageBand: status.ageBand.rawValue,
                    guardian: status.guardian,
                    deactivated: status.isDeactivated
                ),
                forKey: .stated
            )
        case .hold(let hold):
            try container.encode(
                Restriction(
                    id: hold.id,
                    reason: hold.reason,
                    purposes: hold.purposes.map(\.rawValue).sorted(),
                    stream: hold.stream,
                    lifted: hold.isLifted
                ),
                forKey: .stated
            )
        case .demand(let demand):
            try container.encode(
                Restriction(
                    id: demand.id,
                    authority: demand.authority,
                    basis: demand.basis,
                    purposes: demand.purposes.map(\.rawValue).sorted(),
                    stream: demand.stream,
                    lifted: demand.isLifted
                ),
                forKey: .stated
            )
        case .notice, .rules, .controller, .erased: break
        }
    }

    private func terms(_ statement: ConsentStatement) -> Terms {
        let terms = statement.terms
        return Terms(
            language: terms.language,
            lawfulBasis: terms.lawfulBasis?.rawValue,
            retentionSeconds: terms.retentionSeconds,
            storageLocations: terms.storageLocations.map(\.code).sorted(),
            geographicRestrictions: terms.geographicRestrictions.map(\.code).sorted(),
            jurisdiction: terms.jurisdiction,
            withdrawalMethod: terms.withdrawalMethod,
            evidence: terms.evidence,
            session: statement.session
        )
    }
}
