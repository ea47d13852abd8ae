extension ReceiptForm {
    /// The member in which Kantara's form and the DPV form carry the record that they were made from.
    static let recordMember = "tally:record"
}

extension ConsentReceipt {
    /// Kantara Consent Receipt Specification 1.1.0, with the registered claims that its JWT form takes.
    ///
    /// The specification knows receipts of consent only. One of a refusal or a withdrawal says so where it
    /// describes the consent (4.5.6), so that nobody who reads nothing else takes it for consent.
    func kantaraDocument(record: JSONValue, publicKey: String) -> JSONValue {
        guard let last = lastEvent else { return .null }
        var rooms: [String] = []
        for grant in grants where !rooms.contains(grant.scope.room) { rooms.append(grant.scope.room) }
        let services = rooms.map { room -> JSONValue in
            let inRoom = grants.filter { $0.scope.room == room }
            return [
                "service": .string("Live video room \(room)"),
                "purposes": .array(inRoom.map { kantaraPurpose($0, last) }),
            ]
        }
        return [
            "version": "KI-CR-v1.1.0",
            "jurisdiction": .string(jurisdictions),
            "consentTimestamp": .integer(max(0, last.time.secondsSince1970)),
            "collectionMethod": .string("\(last.state.words), \(last.method.words)"),
            "consentReceiptID": .string(receiptID),
            "publicKey": .string(publicKey),
            "language": .string(grants.first?.language ?? ""),
            "piiPrincipalId": .string(principalID),
            "piiControllers": [kantaraController],
            "policyUrl": .string(grants.first?.notice?.url ?? Self.notGiven),
            "services": .array(services),
            "sensitive": false,
            "spiCat": [],
            "iss": .string(controller.id),
            "sub": .string(principalID),
            "jti": .string(receiptID),
            "iat": .integer(max(0, last.time.secondsSince1970)),
            ReceiptForm.recordMember: record,
        ]
    }

    /// Stands for what the schema demands and nobody told the relay: a receipt does not make it up.
    private static let notGiven = "not given"

    private var jurisdictions: String {
        let named = distinct(grants.compactMap(\.jurisdiction))
        return named.isEmpty ? Self.notGiven : named.joined(separator: ", ")
    }

    private var kantaraController: JSONValue {
        var members: [String: JSONValue] = [
            "piiController": .string(controller.name),
            "onBehalf": false,
            "contact": .string(controller.contact ?? Self.notGiven),
            "address": ["streetAddress": .string(controller.address ?? Self.notGiven)],
            "email": .string(controller.email ?? Self.notGiven),
            "phone": .string(controller.phone ?? Self.notGiven),
        ]
        if let url = controller.url { members["piiControllerUrl"] = .string(url) }
        return .object(members)
    }

    private func kantaraPurpose(_ grant: Grant, _ last: Event) -> JSONValue {
        let isThirdParty = grant.recipient.recipientClass.isThirdParty
        var members: [String: JSONValue] = [
            "purpose": .string("\(grant.purpose.rawValue): \(grant.purpose.words)"),
            "purposeCategory": [.string(grant.purpose.kantaraCategory)],
            "consentType": .string(last.state.permits ? "EXPLICIT" : "NONE: \(last.state.words)"),
            "piiCategory": .array(distinct(grant.data.map(\.kantaraCategory)).map { .string($0) }),
            "primaryPurpose": .bool(grant.purpose == .liveRoom),
            "termination": .string(
                "valid \(last.validity.words); kept \(grant.retentionPeriod ?? "as long as was agreed"); "
                    + "withdraw at \(grant.withdrawalMethod)"
            ),
            "thirdPartyDisclosure": .bool(isThirdParty),
        ]
        if isThirdParty { members["thirdPartyName"] = .string(grant.recipient.words) }
        return .object(members)
    }

    private func distinct(_ texts: [String]) -> [String] {
        var found: [String] = []
        for text in texts where !found.contains(text) { found.append(text) }
        return found
    }
}

extension ReceiptPurpose {
    /// From the list of the specification's appendix.
    fileprivate var kantaraCategory: String {
        switch self {
        case .liveRoom, .replayRoom, .identify: "1 - Core Function"
        case .recording, .download, .transcription: "2 - Contracted Service"
        case .liveEmbed, .rebroadcast: "11 - Third Party Sharing for Others"
        case .analysis, .aggregate: "16 - Improve Performance"
        }
    }
}

extension ReceiptData {
    /// From the list of the specification's appendix.
    fileprivate var kantaraCategory: String {
        switch self {
        case .audio, .video, .screen, .chat: "4 - Communications/Social"
        case .displayName: "1 - Biographical"
        }
    }
}
