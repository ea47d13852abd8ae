import Testing

@testable import ConsentReceipts

/// The exports have the members that their specifications demand, and say the same as the record.
@Suite struct ExportTests {
    private func document(_ receipt: ConsentReceipt, _ form: ReceiptForm) throws -> JSONValue {
        try ReceiptFixtures.document(try ReceiptFixtures.keys().sign(receipt, as: form), form)
    }

    private enum Kind {
        case text
        case integer
        case flag
        case texts
        case objects
        case object
    }

    private func isOf(_ kind: Kind, _ value: JSONValue?) -> Bool {
        switch (kind, value) {
        case (.text, .string(let text)): !text.isEmpty
        case (.integer, .integer), (.flag, .bool), (.object, .object): true
        case (.texts, .array(let elements)): elements.allSatisfy { $0.text != nil }
        case (.objects, .array(let elements)): !elements.isEmpty && elements.allSatisfy { $0.members != nil }
        default: false
        }
    }

    private func expect(_ members: [String: Kind], in value: JSONValue?) {
        for (name, kind) in members { #expect(isOf(kind, value?[name]), "\(name)") }
    }

    /// Kantara Consent Receipt Specification 1.1.0, 4.3 to 4.5 and the schema of 4.8.
    @Test func kantaraHasItsRequiredFields() throws {
        for receipt in [try ReceiptFixtures.small(), try ReceiptFixtures.full()] {
            let document = try document(receipt, .kantara)
            #expect(document["version"]?.text == "KI-CR-v1.1.0")
            expect(
                [
                    "jurisdiction": .text, "consentTimestamp": .integer, "collectionMethod": .text,
                    "consentReceiptID": .text, "publicKey": .text, "language": .text, "piiPrincipalId": .text,
                    "piiControllers": .objects, "policyUrl": .text, "services": .objects, "sensitive": .flag,
                    "spiCat": .texts,
                ],
                in: document
            )
            for controller in document["piiControllers"]?.elements ?? [] {
                expect(
                    [
                        "piiController": .text, "onBehalf": .flag, "contact": .text, "address": .object,
                        "email": .text, "phone": .text,
                    ],
                    in: controller
                )
            }
            let services = try #require(document["services"]?.elements)
            let purposes = services.flatMap { $0["purposes"]?.elements ?? [] }
            #expect(purposes.count == receipt.grants.count)
            for (purpose, grant) in zip(purposes, receipt.grants) {
                expect(
                    [
                        "purpose": .text, "purposeCategory": .texts, "consentType": .text,
                        "piiCategory": .texts,
                        "primaryPurpose": .flag, "termination": .text, "thirdPartyDisclosure": .flag,
                    ],
                    in: purpose
                )
                // 4.5.11: a name if, and only if, there is somebody.
                #expect((purpose["thirdPartyName"] != nil) == grant.recipient.recipientClass.isThirdParty)
            }
        }
    }

    /// 2026-03-01T09:30:00Z, by `date -d`.
    @Test func kantaraCountsSecondsSince1970() throws {
        guard
            case .integer(1_772_357_400) = try document(try ReceiptFixtures.small(), .kantara)[
                "consentTimestamp"
            ]
        else {
            Issue.record("not the second of the event")
            return
        }
        #expect(try ReceiptFixtures.time("1969-12-31T23:59:59.999999999Z").secondsSince1970 == -1)
    }

    /// Whoever reads the standard's fields only must not take a withdrawal for consent.
    @Test(arguments: ReceiptState.allCases)
    func noFormGivesAnEndedConsentForAStandingOne(_ state: ReceiptState) throws {
        let receipt = try ReceiptFixtures.small(state)
        let kantara = try document(receipt, .kantara)
        let purpose = kantara["services"]?.elements?.first?["purposes"]?.elements?.first
        #expect((purpose?["consentType"]?.text == "EXPLICIT") == state.permits)
        let vcon = try document(receipt, .vcon)
        let consents = try #require(vcon["attachments"]?.elements?.first?["consents"]?.elements)
        #expect(consents.allSatisfy { ($0["status"]?.text == "granted") == state.permits })
        let dpv = try document(receipt, .dpv)
        let types = dpv["dpv:hasConsentStatus"]?.elements?.last?["@type"]?.elements?.compactMap(\.text)
        #expect(types?.contains("dpv:\(state.rawValue)") == true)
    }

    /// The fields that the DPV guide for ISO/IEC TS 27560 marks MUST.
    @Test func dpvHasItsRequiredFields() throws {
        let receipt = try ReceiptFixtures.full()
        let document = try document(receipt, .dpv)
        #expect(document["@type"]?.text == "dpv:ConsentRecord")
        #expect(document["@id"]?.text == "urn:uuid:\(receipt.recordID)")
        #expect(document["dct:conformsTo"]?.text == "https://w3id.org/dpv/schema/dpv-27560#record")
        #expect(document["dpv:hasDataSubject"]?["dct:identifier"]?.text == "p-51")
        expect(
            [
                "@context": .object, "dct:identifier": .text, "dpv:hasDataController": .object,
                "dpv:hasProcess": .objects, "dpv:hasConsentStatus": .objects,
            ],
            in: document
        )
        for process in try #require(document["dpv:hasProcess"]?.elements) {
            expect(
                [
                    "dpv:hasPurpose": .object, "dpv:hasPersonalData": .objects, "dpv:hasRecipient": .object,
                    "dpv:hasNotice": .object, "dpv:hasStorageCondition": .objects,
                    "dpv:hasJurisdiction": .text,
                    "dpv:hasConsentControl": .object, "dpv:hasLegalBasis": .text, "dpv:hasProcessing": .texts,
                ],
                in: process
            )
            #expect(
                process["dpv:hasNotice"]?["spdx:checksum"]?["spdx:checksumValue"]?.text
                    == ReceiptFixtures.notice.sha256
            )
        }
        for status in try #require(document["dpv:hasConsentStatus"]?.elements) {
            expect(
                [
                    "@type": .texts, "dpv:isIndicatedAtTime": .text, "dpv:hasDuration": .text,
                    "dpv:isIndicatedBy": .object,
                ],
                in: status
            )
        }
    }

    /// Every prefix that stands in the document is in its context: nothing in it is lost on a reader of JSON-LD.
    @Test func dpvExplainsEveryPrefixThatItUses() throws {
        let document = try document(try ReceiptFixtures.full(), .dpv)
        let context = try #require(document["@context"]?.members)
        for name in names(document.removing("@context")) where !name.hasPrefix("@") {
            let prefix = try #require(name.split(separator: ":").first.map(String.init))
            #expect(name.contains(":") && context[prefix] != nil, "\(name)")
        }
    }

    /// Names of members, without what stands as one JSON value.
    private func names(_ value: JSONValue) -> [String] {
        switch value {
        case .object(let members):
            members["@type"]?.text == "@json" ? [] : members.flatMap { [$0.key] + names($0.value) }
        case .array(let elements): elements.flatMap(names)
        default: []
        }
    }

    /// draft-ietf-vcon-vcon-core 0.4.0 and draft-howe-vcon-consent-00 5, 8, 13.
    @Test func vConHasItsRequiredMembers() throws {
        let receipt = try ReceiptFixtures.full()
        let document = try document(receipt, .vcon)
        #expect(document["vcon"]?.text == "0.4.0")
        #expect(document["uuid"]?.text == receipt.receiptID)
        let parties = try #require(document["parties"]?.elements)
        let dialog = try #require(document["dialog"]?.elements)
        for entry in dialog { expect(["type": .text, "start": .text], in: entry) }
        let attachments = try #require(document["attachments"]?.elements)
        for attachment in attachments {
            expect(["start": .text, "party": .integer, "dialog": .integer, "purpose": .text], in: attachment)
            guard case .integer(let party) = attachment["party"], case .integer(0) = attachment["dialog"]
            else {
                Issue.record("an attachment that refers to nothing")
                continue
            }
            #expect(parties.indices.contains(Int(party)))
        }
        let consents = attachments.filter { $0["purpose"]?.text == "consent" }
        #expect(consents.count == receipt.grants.count)
        for consent in consents {
            #expect(consent["expiration"] != nil)
            expect(["consents": .objects, "terms_of_service": .object], in: consent)
            for entry in consent["consents"]?.elements ?? [] {
                expect(["purpose": .text, "status": .text, "timestamp": .text, "tally": .object], in: entry)
                let purpose = try #require(entry["purpose"]?.text)
                #expect(["recording", "transcription", "analysis", "storage", "sharing"].contains(purpose))
                let status = try #require(entry["status"]?.text)
                #expect(["granted", "denied", "revoked", "expired"].contains(status))
            }
        }
    }

    /// draft-ietf-vcon-vcon-core, Signed Form: general JWS, `x5c` and `uuid` beside the signature.
    @Test func vConIsSignedAsItsSpecificationSays() throws {
        let receipt = try ReceiptFixtures.small()
        let signed = try JSONReader.read(try ReceiptFixtures.keys().sign(receipt, as: .vcon))
        let signature = try #require(signed["signatures"]?.elements?.first)
        expect(["protected": .text, "signature": .text, "header": .object], in: signature)
        #expect(signature["header"]?["uuid"]?.text == receipt.receiptID)
        #expect(signature["header"]?["x5c"]?.elements?.count == 1)
    }

    @Test func eachFormHasItsMediaType() {
        #expect(
            ReceiptForm.allCases.map(\.mediaType) == [
                "application/jose", "application/ld+json", "application/jwt", "application/vcon",
            ]
        )
        #expect(Set(ReceiptForm.allCases.map(\.type)).count == ReceiptForm.allCases.count)
    }
}
