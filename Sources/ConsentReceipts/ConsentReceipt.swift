import Foundation

/// What a participant gets in hand about a consent: a copy of its record (ISO/IEC TS 27560).
///
/// The grants are what one statement concerns; the events are what happened to all of them, oldest first, and the
/// last one is what this receipt is for.
package struct ConsentReceipt: Codable, Sendable, Equatable {
    /// The schema in which `dct:conformsTo` of the export names this record.
    package static let currentSchema = "https://w3id.org/dpv/schema/dpv-27560#record"

    package var schemaVersion: String
    /// Of this receipt alone: a UUID in lowercase.
    package var receiptID: String
    /// Of the record, which may see more events: a UUID in lowercase.
    package var recordID: String
    /// Opaque: it says nothing to anybody who does not have the relay's own tables.
    package var principalID: String
    package var controller: Controller
    package var grants: [Grant]
    package var events: [Event]
    /// The ledger's state under which the last event was logged.
    package var checkpoint: Checkpoint?

    private enum CodingKeys: String, CodingKey {
        case schemaVersion = "schema_version"
        case receiptID = "receipt_id"
        case recordID = "record_id"
        case principalID = "pii_principal_id"
        case controller = "pii_controller"
        case grants
        case events
        case checkpoint
    }

    package init(
        receiptID: UUID,
        recordID: UUID,
        principalID: String,
        controller: Controller,
        grants: [Grant],
        events: [Event],
        checkpoint: Checkpoint? = nil
    ) {
        schemaVersion = Self.currentSchema
        self.receiptID = receiptID.uuidString.lowercased()
        self.recordID = recordID.uuidString.lowercased()
        self.principalID = principalID
        self.controller = controller
        self.grants = grants
        self.events = events
        self.checkpoint = checkpoint
    }
}

extension ConsentReceipt {
    /// Who decides about the data, and how to reach them.
    package struct Controller: Codable, Sendable, Equatable {
        /// A URI or another name that is theirs alone.
        package var id: String
        package var name: String
        /// `nil` where the relay was told none.
        package var address: String?
        /// Whom to ask for; `nil` where the relay was told nobody.
        package var contact: String?
        package var email: String?
        package var phone: String?
        package var url: String?

        package init(
            id: String,
            name: String,
            address: String?,
            contact: String?,
            email: String? = nil,
            phone: String? = nil,
            url: String? = nil
        ) {
            self.id = id
            self.name = name
            self.address = address
            self.contact = contact
            self.email = email
            self.phone = phone
            self.url = url
        }
    }

    /// Who receives: a class, and the name of the one that is meant.
    package struct Recipient: Codable, Sendable, Equatable {
        package var recipientClass: ReceiptRecipientClass
        /// `nil` means all of the class.
        package var id: String?

        private enum CodingKeys: String, CodingKey {
            case recipientClass = "class"
            case id
        }

        package init(_ recipientClass: ReceiptRecipientClass, id: String? = nil) {
            self.recipientClass = recipientClass
            self.id = id
        }
    }

    /// The notice that the person was shown: which one, and the digest of its text.
    package struct Notice: Codable, Sendable, Equatable {
        package var id: String
        package var version: String
        /// In lowercase hexadecimal.
        package var sha256: String
        /// Where it can be read.
        package var url: String

        package init(id: String, version: String, sha256: String, url: String) {
            self.id = id
            self.version = version
            self.sha256 = sha256
            self.url = url
        }
    }

    /// Where a grant applies; an absent member does not limit.
    package struct Scope: Codable, Sendable, Equatable {
        package var room: String
        package var session: String?
        package var stream: String?

        package init(room: String, session: String? = nil, stream: String? = nil) {
            self.room = room
            self.session = session
            self.stream = stream
        }
    }

    /// One purpose and one recipient.
    package struct Grant: Codable, Sendable, Equatable {
        package var purpose: ReceiptPurpose
        package var data: [ReceiptData]
        package var recipient: Recipient
        /// `nil` where the person was shown none.
        package var notice: Notice?
        /// BCP 47; `und` where nothing says in which language.
        package var language: String
        /// A term of DPV, for example `dpv:ExplicitlyExpressedConsent`.
        package var lawfulBasis: String
        /// ISO 8601; `PT0S` where nothing is kept, `nil` where nothing says how long.
        package var retentionPeriod: String?
        /// ISO 3166 codes or `EU`; empty where nothing is stored.
        package var storageLocations: [String]
        /// ISO 3166 codes or `EU` that the data do not leave; empty means no restriction.
        package var geographicRestrictions: [String]
        /// An ISO 3166 code or `EU`; `nil` where nothing says whose law holds.
        package var jurisdiction: String?
        /// Where consent can be withdrawn.
        package var withdrawalMethod: String
        package var scope: Scope

        private enum CodingKeys: String, CodingKey {
            case purpose
            case data = "pii_information"
            case recipient = "recipient_third_parties"
            case notice = "privacy_notice"
            case language
            case lawfulBasis = "lawful_basis"
            case retentionPeriod = "retention_period"
            case storageLocations = "storage_locations"
            case geographicRestrictions = "geographic_restrictions"
            case jurisdiction
            case withdrawalMethod = "withdrawal_method"
            case scope
        }

        package init(
            purpose: ReceiptPurpose,
            data: [ReceiptData],
            recipient: Recipient,
            notice: Notice?,
            language: String,
            lawfulBasis: String = "dpv:ExplicitlyExpressedConsent",
            retentionPeriod: String?,
            storageLocations: [String],
            geographicRestrictions: [String] = [],
            jurisdiction: String?,
            withdrawalMethod: String,
            scope: Scope
        ) {
            self.purpose = purpose
            self.data = data
            self.recipient = recipient
            self.notice = notice
            self.language = language
            self.lawfulBasis = lawfulBasis
            self.retentionPeriod = retentionPeriod
            self.storageLocations = storageLocations
            self.geographicRestrictions = geographicRestrictions
            self.jurisdiction = jurisdiction
            self.withdrawalMethod = withdrawalMethod
            self.scope = scope
        }
    }

    /// What happened to the grants.
    package struct Event: Codable, Sendable, Equatable {
        package var time: ReceiptTime
        package var validity: ReceiptValidity
        /// Who acted; the principal's own identifier if it was the person.
        package var entityID: String
        package var type: ReceiptConsentType
        package var state: ReceiptState
        /// Position in the room's consent log, from 1.
        package var sequence: Int64
        package var method: ReceiptMethod

        private enum CodingKeys: String, CodingKey {
            case time = "event_time"
            case validity = "validity_duration"
            case entityID = "entity_id"
            case type = "event_type"
            case state = "event_state"
            case sequence
            case method
        }

        package init(
            time: ReceiptTime,
            validity: ReceiptValidity = ReceiptValidity(),
            entityID: String,
            type: ReceiptConsentType = .explicitlyExpressed,
            state: ReceiptState,
            sequence: Int64,
            method: ReceiptMethod
        ) {
            self.time = time
            self.validity = validity
            self.entityID = entityID
            self.type = type
            self.state = state
            self.sequence = sequence
            self.method = method
        }
    }

    /// A signed tree head of the disclosure ledger (C2SP tlog-checkpoint), as far as a receipt quotes it.
    package struct Checkpoint: Codable, Sendable, Equatable {
        package var origin: String
        package var size: Int64
        /// The root hash in base64.
        package var root: String

        package init(origin: String, size: Int64, root: String) {
            self.origin = origin
            self.size = size
            self.root = root
        }
    }
}
