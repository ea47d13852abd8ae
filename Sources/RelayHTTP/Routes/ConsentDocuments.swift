import Disclosures
import Primitives
import RoomControl

/// The body of `PUT …/consents`.
struct ConsentChangesDocument: Decodable {
    /// More than the audiences that one participant can decide about at a time.
    static let maximumChanges = 64

    let changes: [ConsentChange]

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case changes
    }

    private struct Line: Decodable {
        let change: ConsentChange

        private enum CodingKeys: String, CodingKey, CaseIterable {
            case purpose
            case recipient
            case choice
            case media
            case until
        }

        init(from decoder: any Decoder) throws {
            try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
            let container = try decoder.container(keyedBy: CodingKeys.self)
            func refuse(_ key: CodingKeys, _ reason: String) -> DecodingError {
                .dataCorruptedError(forKey: key, in: container, debugDescription: reason)
            }

            let known = Purpose.allCases.map { $0.rawValue }.joined(separator: ", ")
            guard let purpose = Purpose(rawValue: try container.decode(String.self, forKey: .purpose)) else {
                throw refuse(.purpose, "unknown purpose; known are \(known)")
            }
            let recipient = try container.decodeIfPresent(String.self, forKey: .recipient)
            guard let audience = Audience(purpose: purpose, recipient: recipient) else {
                throw refuse(
                    .recipient,
                    purpose.namesRecipient
                        ? "\(purpose.rawValue) names a recipient: 1 to 64 characters of a-z A-Z 0-9 - _ ."
                        : "\(purpose.rawValue) has no recipient"
                )
            }
            guard
                let choice = ConsentChange.Choice(
                    rawValue: try container.decode(String.self, forKey: .choice)
                )
            else { throw refuse(.choice, "unknown choice; known are grant, withdraw, refuse, revoke") }
            let media = Set(try container.decodeIfPresent([String].self, forKey: .media) ?? [])
            guard media.isSubset(of: ["audio", "video"]) else {
                throw refuse(.media, "unknown kind of media; known are audio, video")
            }
            var until: WallClockTime?
            if let text = try container.decodeIfPresent(String.self, forKey: .until) {
                guard let time = WallClockTime(rfc3339: text) else {
                    throw refuse(.until, "not a time of the form 2026-01-31T12:00:00Z (RFC 3339)")
                }
                until = time
            }
            change = ConsentChange(audience: audience, choice: choice, media: media, until: until)
        }
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        changes = try container.decode([Line].self, forKey: .changes).map { $0.change }
        guard (1...Self.maximumChanges).contains(changes.count) else {
            throw DecodingError.dataCorruptedError(
                forKey: .changes,
                in: container,
                debugDescription: "has \(changes.count) lines; it takes 1 to \(Self.maximumChanges)"
            )
        }
    }
}

/// The answer to `PUT …/consents`: the proof, and the consents as they stand after it.
struct ConsentChangedDocument: Encodable {
    let acknowledgement: ConsentAcknowledgement
    let overview: ConsentOverview?

    private enum CodingKeys: String, CodingKey {
        case effectiveAt = "effective_at"
        case epoch
    }

    func encode(to encoder: any Encoder) throws {
        try overview?.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(acknowledgement.effectiveAt.rfc3339, forKey: .effectiveAt)
        try container.encode(acknowledgement.epoch, forKey: .epoch)
    }
}
