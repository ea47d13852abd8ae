/// A field of a receipt that does not say what it has to say.
package struct ReceiptFieldError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Its name in the record, for example `grants[0].privacy_notice.sha256`.
    package let field: String
    package let reason: String

    package var description: String { "\(field) \(reason)" }
}

extension ConsentReceipt {
    /// The room's purposes times a few recipients: what one statement may concern.
    package static let maximumGrants = 16
    /// A record that was given, renewed and withdrawn more often begins a new one.
    package static let maximumEvents = 32
    /// Names, addresses and URLs of people are far shorter.
    package static let maximumTextBytes = 512

    /// More regions than a list of states that a law names.
    package static let maximumRegions = 64

    /// The event that this receipt is for.
    package var lastEvent: Event? { events.last }

    /// Throws for the first field that is missing, too long, or spelt in a way that two readers could take for
    /// different things.
    func check() throws(ReceiptFieldError) {
        guard schemaVersion == Self.currentSchema else {
            throw ReceiptFieldError(field: "schema_version", reason: "is not \(Self.currentSchema)")
        }
        try require(FieldSpelling.isLowercaseUUID(receiptID), "receipt_id", "is not a UUID in lowercase")
        try require(FieldSpelling.isLowercaseUUID(recordID), "record_id", "is not a UUID in lowercase")
        try checkText(principalID, "pii_principal_id")
        try checkController()
        guard (1...Self.maximumGrants).contains(grants.count) else {
            throw ReceiptFieldError(
                field: "grants",
                reason: "are \(grants.count) and not 1 to \(Self.maximumGrants)"
            )
        }
        for (index, grant) in grants.enumerated() { try check(grant, "grants[\(index)]") }
        try checkEvents()
        if let checkpoint { try check(checkpoint) }
    }

    private func checkController() throws(ReceiptFieldError) {
        let name = "pii_controller"
        try checkText(controller.id, "\(name).id")
        try checkText(controller.name, "\(name).name")
        if let address = controller.address { try checkText(address, "\(name).address") }
        if let contact = controller.contact { try checkText(contact, "\(name).contact") }
        if let email = controller.email { try checkText(email, "\(name).email") }
        if let phone = controller.phone { try checkText(phone, "\(name).phone") }
        if let url = controller.url { try checkURL(url, "\(name).url") }
    }

    private func check(_ grant: Grant, _ name: String) throws(ReceiptFieldError) {
        guard !grant.data.isEmpty, Set(grant.data).count == grant.data.count else {
            throw ReceiptFieldError(field: "\(name).pii_information", reason: "is empty or names one twice")
        }
        if let id = grant.recipient.id { try checkText(id, "\(name).recipient_third_parties.id") }
        if let notice = grant.notice { try check(notice, "\(name).privacy_notice") }
        try require(FieldSpelling.isLanguageTag(grant.language), "\(name).language", "is not a language tag")
        try require(
            FieldSpelling.isTermOfDPV(grant.lawfulBasis),
            "\(name).lawful_basis",
            "is not a term of DPV"
        )
        try require(
            grant.retentionPeriod.map(FieldSpelling.isDuration) ?? true,
            "\(name).retention_period",
            "is not an ISO 8601 duration"
        )
        try checkRegions(grant.storageLocations, "\(name).storage_locations")
        try checkRegions(grant.geographicRestrictions, "\(name).geographic_restrictions")
        try checkRegions([grant.jurisdiction].compactMap(\.self), "\(name).jurisdiction")
        try checkURL(grant.withdrawalMethod, "\(name).withdrawal_method")
        try checkText(grant.scope.room, "\(name).scope.room")
        if let session = grant.scope.session { try checkText(session, "\(name).scope.session") }
        if let stream = grant.scope.stream { try checkText(stream, "\(name).scope.stream") }
    }

    private func check(_ notice: Notice, _ name: String) throws(ReceiptFieldError) {
        try checkText(notice.id, "\(name).id")
        try checkText(notice.version, "\(name).version")
        try require(
            FieldSpelling.isSHA256(notice.sha256),
            "\(name).sha256",
            "is not 64 lowercase hexadecimal digits"
        )
        try checkURL(notice.url, "\(name).url")
    }

    private func checkEvents() throws(ReceiptFieldError) {
        guard (1...Self.maximumEvents).contains(events.count) else {
            throw ReceiptFieldError(
                field: "events",
                reason: "are \(events.count) and not 1 to \(Self.maximumEvents)"
            )
        }
        var sequence: Int64 = 0
        for (index, event) in events.enumerated() {
            let name = "events[\(index)]"
            try checkText(event.entityID, "\(name).entity_id")
            guard event.sequence > sequence, event.sequence <= JSONValue.largestInteger else {
                throw ReceiptFieldError(field: "\(name).sequence", reason: "does not follow the one before")
            }
            sequence = event.sequence
            guard ReceiptTime(event.time.text) == event.time,
                ReceiptValidity(event.validity.text) == event.validity
            else {
                throw ReceiptFieldError(
                    field: "\(name).event_time",
                    reason: "or its validity is before 1678 or after 2261"
                )
            }
        }
    }

    private func check(_ checkpoint: Checkpoint) throws(ReceiptFieldError) {
        try checkText(checkpoint.origin, "checkpoint.origin")
        guard (1...JSONValue.largestInteger).contains(checkpoint.size) else {
            throw ReceiptFieldError(field: "checkpoint.size", reason: "is \(checkpoint.size)")
        }
        try require(
            FieldSpelling.isRootHash(checkpoint.root),
            "checkpoint.root",
            "is not 32 bytes in base64"
        )
    }

    private func checkText(_ text: String, _ field: String) throws(ReceiptFieldError) {
        guard (1...Self.maximumTextBytes).contains(text.utf8.count) else {
            throw ReceiptFieldError(
                field: field,
                reason: "has \(text.utf8.count) bytes and not 1 to \(Self.maximumTextBytes)"
            )
        }
        try require(FieldSpelling.isVisible(text), field, "has characters that cannot be seen")
    }

    private func checkURL(_ text: String, _ field: String) throws(ReceiptFieldError) {
        try checkText(text, field)
        try require(FieldSpelling.isWebURL(text), field, "is not an http or https URL")
    }

    private func checkRegions(_ regions: [String], _ field: String) throws(ReceiptFieldError) {
        try require(regions.count <= Self.maximumRegions, field, "are more than \(Self.maximumRegions)")
        try require(
            regions.allSatisfy(FieldSpelling.isRegion),
            field,
            "names what is neither an ISO 3166 code nor EU"
        )
    }

    private func require(_ condition: Bool, _ field: String, _ reason: String) throws(ReceiptFieldError) {
        guard condition else { throw ReceiptFieldError(field: field, reason: reason) }
    }
}
