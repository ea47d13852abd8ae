import Disclosures
import Primitives
import RoomControl

/// The body of `PUT …/consents`.
struct ConsentChangesDocument: Decodable {
    /// More than the audiences that one participant can decide about at a time.
    static let maximumChanges = 64

    let changes: [ConsentChange]

    /// Whether it takes away and nothing else.
    var isNarrowing: Bool { changes.allSatisfy { [.withdraw, .refuse, .revoke].contains($0.choice) } }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case changes
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        changes = try container.decode([ConsentChangeDocument].self, forKey: .changes).map { $0.change }
        guard (1...Self.maximumChanges).contains(changes.count) else {
            throw DecodingError.dataCorruptedError(
                forKey: .changes,
                in: container,
                debugDescription: "has \(changes.count) lines; it takes 1 to \(Self.maximumChanges)"
            )
        }
        var lines: [ChangedKey: Int] = [:]
        for (line, change) in changes.enumerated() {
            guard let earlier = lines.updateValue(line, forKey: ChangedKey(change)) else { continue }
            throw DecodingError.dataCorruptedError(
                forKey: .changes,
                in: container,
                debugDescription:
                    "lines \(earlier) and \(line) are about the same purpose, recipient and stream; "
                    + "say one thing about it"
            )
        }
    }
}

/// What one line of `changes` decides about.
private struct ChangedKey: Hashable {
    let purpose: Purpose
    let recipientClass: RecipientClass
    let recipient: String?
    let stream: String?

    init(_ change: ConsentChange) {
        (purpose, recipientClass) = (change.purpose, change.recipientClass)
        (recipient, stream) = (change.recipient, change.stream)
    }
}

/// One line of `changes`.
private struct ConsentChangeDocument: Decodable {
    let change: ConsentChange

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case purpose
        case recipientClass = "recipient_class"
        case recipient
        case wholeClass = "whole_class"
        case stream
        case choice
        case media
        case from
        case until
        case notice
        case terms
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func refuse(_ key: CodingKeys, _ reason: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: container, debugDescription: reason)
        }

        guard let purpose = Purpose(rawValue: try container.decode(String.self, forKey: .purpose)) else {
            throw refuse(.purpose, "unknown purpose; \(known(Purpose.self))")
        }
        guard
            let choice = ConsentChange.Choice(rawValue: try container.decode(String.self, forKey: .choice))
        else { throw refuse(.choice, "unknown choice; \(known(ConsentChange.Choice.self))") }
        let recipientClass =
            try named(.recipientClass, in: container, known(RecipientClass.self)) {
                RecipientClass(rawValue: $0)
            } ?? purpose.recipientClass
        let change = ConsentChange(
            purpose: purpose,
            recipientClass: recipientClass,
            recipient: try container.decodeIfPresent(String.self, forKey: .recipient),
            coversWholeClass: try container.decodeIfPresent(Bool.self, forKey: .wholeClass) ?? false,
            stream: try named(.stream, in: container, streamForm, streamName),
            choice: choice,
            media: try namedList(.media, in: container, known(MediaType.self)) { MediaType(rawValue: $0) },
            validity: ValidityWindow(
                from: try named(.from, in: container, timeForm) { WallClockTime(rfc3339: $0) },
                until: try named(.until, in: container, timeForm) { WallClockTime(rfc3339: $0) }
            ),
            notice: try container.decodeIfPresent(NoticeReferenceDocument.self, forKey: .notice)?.reference,
            terms: try container.decodeIfPresent(ConsentTermsDocument.self, forKey: .terms)?.terms
                ?? .unstated
        )
        if change.media.isEmpty, try container.decodeIfPresent([String].self, forKey: .media) != nil {
            throw refuse(.media, "names none; leave it out for all that the purpose is about")
        }
        switch change.recipientFault {
        case nil: break
        case .wholeClassUnexpected:
            throw refuse(.wholeClass, "only live_embed can be granted to a whole class, without a recipient")
        case .recipientClassUnexpected:
            throw refuse(
                .recipientClass,
                "\(recipientClass.rawValue) does not receive for \(purpose.rawValue)"
            )
        case .recipientUnexpected:
            throw refuse(.recipient, "\(purpose.rawValue) has no recipient")
        case .some:
            throw refuse(
                .recipient,
                "\(purpose.rawValue) names a recipient: 1 to 64 characters of a-z A-Z 0-9 - _ ."
            )
        }
        self.change = change
    }
}

/// The notice that a grant rests on.
struct NoticeReferenceDocument: Codable {
    let id: String
    let version: String
    let sha256: String

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case id
        case version
        case sha256
    }

    var reference: NoticeReference { NoticeReference(id: id, version: version, sha256: sha256) }

    init(_ reference: NoticeReference) {
        (id, version, sha256) = (reference.id, reference.version, reference.sha256)
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(String.self, forKey: .id)
        version = try container.decode(String.self, forKey: .version)
        sha256 = try container.decode(String.self, forKey: .sha256)
        guard sha256.utf8.count == 64, sha256.utf8.allSatisfy({ isLowercaseHexadecimal($0) }) else {
            throw DecodingError.dataCorruptedError(
                forKey: .sha256,
                in: container,
                debugDescription: "a digest is 64 lowercase hexadecimal digits"
            )
        }
        for (key, text) in [(CodingKeys.id, id), (.version, version)]
        where text.utf8.count > ConsentStatement.longestText {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: container,
                debugDescription: "has more than \(ConsentStatement.longestText) bytes"
            )
        }
    }
}

private func isLowercaseHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
}

/// The conditions of a grant.
private struct ConsentTermsDocument: Decodable {
    let terms: ConsentTerms

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case language
        case retentionSeconds = "retention_seconds"
        case storageLocations = "storage_locations"
        case geographicRestrictions = "geographic_restrictions"
        case jurisdiction
        case evidence
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        terms = ConsentTerms(
            language: try named(.language, in: container, languageForm, languageTag),
            retentionSeconds: try container.decodeIfPresent(Int64.self, forKey: .retentionSeconds),
            storageLocations: try namedList(.storageLocations, in: container, regionForm) { Region($0) },
            geographicRestrictions: try namedList(.geographicRestrictions, in: container, regionForm) {
                Region($0)
            },
            jurisdiction: try named(.jurisdiction, in: container, regionForm) { Region($0)?.code },
            evidence: try named(.evidence, in: container, evidenceForm, fileNumber)
        )
        if let seconds = terms.retentionSeconds, seconds < 0 {
            throw DecodingError.dataCorruptedError(
                forKey: .retentionSeconds,
                in: container,
                debugDescription: "a time to keep is not negative"
            )
        }
    }
}

/// The answer to `PUT …/consents`: the proof, and the consents as they stand after it.
struct ConsentChangedDocument: Encodable {
    let acknowledgement: ConsentAcknowledgement
    let overview: ConsentOverview?
    /// URLs of the receipts of what was recorded.
    let receipts: [String]

    private enum CodingKeys: String, CodingKey {
        case effectiveAt = "effective_at"
        case epoch
        case receipts
    }

    func encode(to encoder: any Encoder) throws {
        try overview?.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(acknowledgement.effectiveAt.rfc3339, forKey: .effectiveAt)
        try container.encode(acknowledgement.epoch, forKey: .epoch)
        try container.encode(receipts, forKey: .receipts)
    }
}
