import ConsentReceipts
import Disclosures
import Primitives
import RoomControl

extension ConsentReceipt.Grant {
    /// What a statement concerns.
    ///
    /// A withdrawal seldom repeats the terms of what it takes back: they come from the grant, as does the notice.
    init(_ recorded: RecordedStatement, absolute: (String) -> String) {
        let statement = recorded.statement
        let terms = statement.terms == .unstated ? recorded.grant?.terms ?? .unstated : statement.terms
        let language = [terms.language, recorded.notice?.language].compactMap(\.self)
        // A refusal that names no media is one of all.
        let media = statement.media.isEmpty ? MediaType.allCases : statement.media.sorted()
        self.init(
            purpose: ReceiptPurpose(statement.purpose),
            data: media.map { ReceiptData($0) },
            recipient: ConsentReceipt.Recipient(
                ReceiptRecipientClass(statement.recipientClass),
                id: statement.recipient
            ),
            notice: (statement.notice ?? recorded.grant?.notice).map { reference in
                ConsentReceipt.Notice(reference, published: recorded.notice, absolute: absolute)
            },
            language: language.first(where: FieldSpelling.isLanguageTag) ?? Self.undetermined,
            lawfulBasis: (terms.lawfulBasis ?? Self.basis(statement.source)).rawValue,
            retentionPeriod: Self.retention(statement.purpose, terms, recorded.rules),
            storageLocations: Self.storage(statement.purpose, terms, recorded.rules),
            geographicRestrictions: terms.geographicRestrictions.sorted().map(\.code),
            jurisdiction: terms.jurisdiction.flatMap { FieldSpelling.isRegion($0) ? $0 : nil },
            withdrawalMethod: terms.withdrawalMethod.flatMap { FieldSpelling.isWebURL($0) ? $0 : nil }
                ?? absolute("/rooms/\(recorded.room.text)"),
            scope: ConsentReceipt.Scope(
                room: recorded.room.text,
                session: statement.session.map(FieldSpelling.shown),
                stream: statement.stream.map(FieldSpelling.shown)
            )
        )
    }

    /// ISO 639-2 for what is written in no language that is known.
    private static let undetermined = "und"

    private static func basis(_ source: ConsentSource) -> ConsentTerms.LawfulBasis {
        source == .token ? .expressedConsent : .explicitConsent
    }

    private static func retention(_ purpose: Purpose, _ terms: ConsentTerms, _ rules: RoomRules) -> String? {
        guard let seconds = terms.retentionSeconds ?? (purpose.storesMedia ? rules.retentionSeconds : 0)
        else { return nil }
        let day: Int64 = 86_400
        // Rounded down, as nothing may be kept for longer, and far more days than a receipt's nine digits are for ever.
        return seconds < day || seconds % day != 0 && seconds < 1_000_000_000
            ? "PT\(seconds)S" : "P\(min(seconds / day, 999_999_999))D"
    }

    private static func storage(_ purpose: Purpose, _ terms: ConsentTerms, _ rules: RoomRules) -> [String] {
        guard terms.storageLocations.isEmpty else { return terms.storageLocations.sorted().map(\.code) }
        return purpose.storesMedia ? [rules.storageRegion?.code].compactMap(\.self) : []
    }
}

extension ConsentReceipt.Notice {
    fileprivate init(
        _ reference: NoticeReference,
        published: NoticeVersion?,
        absolute: (String) -> String
    ) {
        let version = reference.version.isEmpty ? published?.version ?? "not named" : reference.version
        self.init(
            id: FieldSpelling.shown(reference.id),
            version: FieldSpelling.shown(version),
            sha256: reference.sha256,
            url: absolute("/v1/notices/\(reference.sha256)")
        )
    }
}

extension ConsentReceipt.Event {
    /// `nil` for an event that is no statement.
    init?(_ event: ConsentEvent) {
        guard let statement = event.statement else { return nil }
        self.init(
            time: ReceiptTime(statement.givenAt),
            validity: ReceiptValidity(
                from: statement.validity.from.map { ReceiptTime($0) },
                until: statement.validity.until.map { ReceiptTime($0) }
            ),
            entityID: FieldSpelling.shown(statement.entity ?? statement.participant.text),
            type: statement.source == .token ? .expressed : .explicitlyExpressed,
            state: ReceiptState(statement.state),
            sequence: Int64(clamping: event.sequence),
            method: ReceiptMethod(statement.source)
        )
    }
}
