extension ConsentReceipt {
    /// A vCon in its unsigned form (draft-ietf-vcon-vcon-core, version 0.4.0) with a consent attachment for each
    /// grant (draft-howe-vcon-consent-00) and the record as a further attachment.
    ///
    /// The draft spells a consent in two ways; this is the one of its section 13. What it has no name for, the
    /// recipient and the purpose as the room's law names it, is under `tally`.
    func vConDocument(record: JSONValue) -> JSONValue {
        guard let last = lastEvent else { return .null }
        let start: JSONValue = .string(last.time.text)
        let recordAttachment: JSONValue = [
            "purpose": "consent-record", "start": start, "party": .integer(Self.controllerParty), "dialog": 0,
            "mediatype": "application/json", "encoding": "json", "body": record,
        ]
        return [
            "vcon": "0.4.0",
            "uuid": .string(receiptID),
            "extensions": ["consent"],
            "created_at": start,
            "subject": "Consent receipt",
            "parties": [["uuid": .string(principalID), "type": "person"], vConController],
            // Nothing was captured for a receipt: the dialog says when and whose, and has no content.
            "dialog": [
                ["type": "recording", "start": start, "parties": [.integer(Self.principalParty)]]
            ],
            "attachments": .array(grants.map { vConAttachment($0, last) } + [recordAttachment]),
        ]
    }

    private static let principalParty: Int64 = 0
    private static let controllerParty: Int64 = 1

    private var vConController: JSONValue {
        var members: [String: JSONValue] = [
            "uuid": .string(controller.id), "type": "organization", "name": .string(controller.name),
            "validation": "none",
        ]
        if let email = controller.email { members["mailto"] = .string("mailto:\(email)") }
        if let phone = controller.phone { members["tel"] = .string(phone) }
        return .object(members)
    }

    private func vConAttachment(_ grant: Grant, _ last: Event) -> JSONValue {
        var ours: [String: JSONValue] = [
            "purpose": .string(grant.purpose.rawValue),
            "recipient_class": .string(grant.recipient.recipientClass.rawValue),
        ]
        if let id = grant.recipient.id { ours["recipient_id"] = .string(id) }
        let consents = grant.purpose.vConPurposes.map { purpose -> JSONValue in
            [
                "purpose": .string(purpose), "status": .string(last.state.vConStatus),
                "timestamp": .string(last.time.text), "tally": .object(ours),
            ]
        }
        var members: [String: JSONValue] = [
            "purpose": "consent",
            "type": "consent",
            "start": .string(last.time.text),
            "party": .integer(Self.principalParty),
            "dialog": 0,
            "expiration": last.validity.until.map { .string($0.text) } ?? .null,
            // To be asked on every access: a withdrawal counts at once.
            "status_interval": 0,
            "consents": .array(consents),
        ]
        if let notice = grant.notice {
            members["terms_of_service"] = [
                "id": .string(notice.id), "version": .string(notice.version), "url": .string(notice.url),
                "sha256": .string(notice.sha256),
            ]
        }
        return .object(members)
    }
}

extension ReceiptPurpose {
    /// The draft's standard purposes that this one falls under.
    fileprivate var vConPurposes: [String] {
        switch self {
        case .recording: ["recording", "storage"]
        case .transcription: ["transcription"]
        case .analysis, .aggregate: ["analysis"]
        case .liveRoom, .liveEmbed, .replayRoom, .rebroadcast, .download, .identify: ["sharing"]
        }
    }
}

extension ReceiptState {
    /// The draft's status; what it has none for is the one that permits nothing.
    fileprivate var vConStatus: String {
        switch self {
        case .given, .renewed: "granted"
        case .unknown, .requested, .requestDeferred, .refused: "denied"
        case .withdrawn, .revoked, .invalidated: "revoked"
        case .expired: "expired"
        }
    }
}
