extension ConsentReceipt {
    /// A `dpv:ConsentRecord`, as the guide of W3C's DPV for ISO/IEC TS 27560 lays it out (2024-08-15).
    ///
    /// The context is written out, so that reading it needs no network; what DPV has no term for is under `tally:`.
    func dpvDocument(record: JSONValue) -> JSONValue {
        guard let last = lastEvent else { return .null }
        var document: [String: JSONValue] = [
            "@context": Self.context,
            "@id": .string("urn:uuid:\(recordID)"),
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": .string(schemaVersion),
            "dct:identifier": .string(recordID),
            "dct:created": .string(last.time.text),
            "dpv:hasDataSubject": ["@type": "dpv:DataSubject", "dct:identifier": .string(principalID)],
            "dpv:hasDataController": dpvController,
            "dpv:hasProcess": .array(grants.map(dpvProcess)),
            "dpv:hasConsentStatus": .array(events.map(dpvStatus)),
            // One JSON value (JSON-LD 1.1 10.2): no statement of its own, as it repeats the ones above.
            ReceiptForm.recordMember: ["@type": "@json", "@value": record],
        ]
        if let checkpoint {
            document["tally:checkpoint"] = [
                "tally:origin": .string(checkpoint.origin), "tally:size": .integer(checkpoint.size),
                "tally:root": .string(checkpoint.root),
            ]
        }
        return .object(document)
    }

    /// Prefixes, and which properties' texts are names of things.
    private static let context: JSONValue = [
        "dct": "http://purl.org/dc/terms/",
        "dpv": "https://w3id.org/dpv#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "loc": "https://w3id.org/dpv/loc#",
        "pd": "https://w3id.org/dpv/pd#",
        "schema": "https://schema.org/",
        "sec": "https://w3id.org/security#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "spdx": "http://spdx.org/rdf/terms#",
        "tally": "urn:x-tally:consent:",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "dct:conformsTo": ["@type": "@id"],
        "dct:created": ["@type": "xsd:dateTime"],
        "dpv:hasJurisdiction": ["@type": "@id"],
        "dpv:hasLegalBasis": ["@type": "@id"],
        "dpv:hasLocation": ["@type": "@id"],
        "dpv:hasProcessing": ["@type": "@id"],
        "dpv:isIndicatedAtTime": ["@type": "xsd:dateTime"],
        "skos:broader": ["@type": "@id"],
        "spdx:algorithm": ["@type": "@id"],
    ]

    private var dpvController: JSONValue {
        var contact: [String: JSONValue] = [:]
        if let name = controller.contact { contact["schema:name"] = .string(name) }
        if let email = controller.email { contact["schema:email"] = .string(email) }
        if let phone = controller.phone { contact["schema:telephone"] = .string(phone) }
        var members: [String: JSONValue] = [
            "@type": "dpv:DataController",
            "dpv:hasIdentifier": .string(controller.id),
            "dpv:hasName": .string(controller.name),
        ]
        if !contact.isEmpty {
            contact["@type"] = "schema:ContactPoint"
            members["schema:contactPoint"] = .object(contact)
        }
        if let address = controller.address {
            members["schema:address"] = [
                "@type": "schema:PostalAddress", "schema:streetAddress": .string(address),
            ]
        }
        if let url = controller.url { members["schema:url"] = .string(url) }
        return .object(members)
    }

    private func dpvProcess(_ grant: Grant) -> JSONValue {
        var process: [String: JSONValue] = [
            "@type": "dpv:Process",
            "dpv:hasPurpose": [
                "@type": "dpv:Purpose",
                "dct:identifier": .string(grant.purpose.rawValue),
                "dct:description": .string(grant.purpose.words),
                "skos:broader": .string(grant.purpose.dpvBroader),
            ],
            "dpv:hasProcessing": .array(grant.purpose.dpvProcessing.map { .string($0) }),
            "dpv:hasPersonalData": .array(
                grant.data.map {
                    [
                        "@type": "dpv:PersonalData", "dct:identifier": .string($0.rawValue),
                        "skos:broader": .string($0.dpvBroader),
                    ]
                }
            ),
            "dpv:hasRecipient": dpvRecipient(grant.recipient),
            "dpv:hasLegalBasis": .string(grant.lawfulBasis),
            "dpv:hasConsentControl": [
                "@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": .string(grant.withdrawalMethod),
            ],
            "tally:scope": dpvScope(grant.scope),
        ]
        if let notice = grant.notice { process["dpv:hasNotice"] = dpvNotice(notice, grant.language) }
        if let jurisdiction = grant.jurisdiction {
            process["dpv:hasJurisdiction"] = .string("loc:\(jurisdiction)")
        }
        let storage = dpvStorage(grant)
        if !storage.isEmpty { process["dpv:hasStorageCondition"] = .array(storage) }
        if !grant.geographicRestrictions.isEmpty {
            process["dpv:hasRule"] = [
                "@type": "dpv:Rule",
                "dct:description": "the data stay in these places",
                "dpv:hasLocation": .array(grant.geographicRestrictions.map { .string("loc:\($0)") }),
            ]
        }
        return .object(process)
    }

    private func dpvRecipient(_ recipient: Recipient) -> JSONValue {
        let types: [JSONValue] =
            ["dpv:Recipient"] + (recipient.recipientClass.isThirdParty ? ["dpv:ThirdParty"] : [])
        var members: [String: JSONValue] = [
            "@type": .array(types), "tally:class": .string(recipient.recipientClass.rawValue),
            "dct:description": .string(recipient.words),
        ]
        if let id = recipient.id { members["dct:identifier"] = .string(id) }
        return .object(members)
    }

    private func dpvNotice(_ notice: Notice, _ language: String) -> JSONValue {
        [
            "@type": "dpv:ConsentNotice",
            "dct:identifier": .string(notice.id),
            "dct:hasVersion": .string(notice.version),
            "dct:language": .string(language),
            "schema:url": .string(notice.url),
            "spdx:checksum": [
                "@type": "spdx:Checksum", "spdx:algorithm": "spdx:checksumAlgorithm_sha256",
                "spdx:checksumValue": .string(notice.sha256),
            ],
        ]
    }

    private func dpvStorage(_ grant: Grant) -> [JSONValue] {
        var conditions: [JSONValue] = []
        if let period = grant.retentionPeriod {
            conditions.append(["@type": "dpv:StorageDuration", "dpv:hasDuration": .string(period)])
        }
        if !grant.storageLocations.isEmpty {
            conditions.append([
                "@type": "dpv:StorageLocation",
                "dpv:hasLocation": .array(grant.storageLocations.map { .string("loc:\($0)") }),
            ])
        }
        return conditions
    }

    private func dpvScope(_ scope: Scope) -> JSONValue {
        var members: [String: JSONValue] = ["tally:room": .string(scope.room)]
        if let session = scope.session { members["tally:session"] = .string(session) }
        if let stream = scope.stream { members["tally:stream"] = .string(stream) }
        return .object(members)
    }

    private func dpvStatus(_ event: Event) -> JSONValue {
        [
            "@type": .array([.string("dpv:\(event.state.rawValue)"), .string("dpv:\(event.type.rawValue)")]),
            "dpv:isIndicatedAtTime": .string(event.time.text),
            "dpv:isIndicatedBy": ["@type": "dpv:Entity", "dct:identifier": .string(event.entityID)],
            "dpv:hasIndicationMethod": .string(event.method.rawValue),
            "dpv:hasDuration": .string(event.validity.text),
            "schema:position": .integer(event.sequence),
        ]
    }
}

extension ReceiptPurpose {
    /// The purpose of DPV's taxonomy that this one is a kind of.
    fileprivate var dpvBroader: String {
        switch self {
        case .liveRoom, .replayRoom, .download: "dpv:RequestedServiceProvision"
        case .liveEmbed, .rebroadcast, .transcription, .analysis: "dpv:ServiceProvision"
        case .recording: "dpv:RecordManagement"
        case .aggregate: "dpv:ServiceUsageAnalytics"
        case .identify: "dpv:CommunicationManagement"
        }
    }

    /// What is done with the data for it, in terms of DPV's taxonomy.
    fileprivate var dpvProcessing: [String] {
        switch self {
        case .liveRoom: ["dpv:Transmit", "dpv:Display"]
        case .liveEmbed: ["dpv:DiscloseByTransmission", "dpv:Display"]
        case .recording: ["dpv:Record", "dpv:Store"]
        case .replayRoom: ["dpv:MakeAvailable", "dpv:Display"]
        case .rebroadcast: ["dpv:DiscloseByTransmission", "dpv:Disseminate"]
        case .download: ["dpv:MakeAvailable", "dpv:Download"]
        case .transcription: ["dpv:Derive"]
        case .analysis: ["dpv:Analyse"]
        case .aggregate: ["dpv:Aggregate"]
        case .identify: ["dpv:Display"]
        }
    }
}

extension ReceiptData {
    /// The category of DPV's extension for personal data that this is a kind of.
    fileprivate var dpvBroader: String {
        switch self {
        case .audio: "pd:VoiceCommunicationRecording"
        case .video: "pd:Picture"
        case .screen, .chat: "pd:Communication"
        case .displayName: "pd:Name"
        }
    }
}
