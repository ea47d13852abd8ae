/// The forms in which a receipt is handed out, all of them signed with the same key.
package enum ReceiptForm: String, Sendable, Hashable, CaseIterable {
    /// The record itself, as the payload of a compact JWS (RFC 7515).
    case record
    /// A consent record in W3C DPV terms, as JSON-LD with a detached JWS over its canonical text.
    case dpv
    /// Kantara Consent Receipt 1.1, as a JWT.
    case kantara
    /// A vCon with consent attachments, as a general JWS.
    case vcon

    /// For `Content-Type`.
    package var mediaType: String {
        switch self {
        case .record: "application/jose"
        case .dpv: "application/ld+json"
        case .kantara: "application/jwt"
        case .vcon: "application/vcon"
        }
    }

    /// For the name of a file.
    package var fileExtension: String {
        switch self {
        case .record: "jws"
        case .dpv: "jsonld"
        case .kantara: "jwt"
        case .vcon: "vcon"
        }
    }

    /// What it is called in sentences.
    package var title: String {
        switch self {
        case .record: "consent record"
        case .dpv: "consent record in DPV terms"
        case .kantara: "Kantara consent receipt"
        case .vcon: "vCon with consent"
        }
    }

    /// The `typ` of the signature's header, so that a signature made for one form is none for another (RFC 8725
    /// 3.11).
    var type: String {
        switch self {
        case .record: "consent-record+json"
        case .dpv: "consent-record+ld+json"
        case .kantara: "consent-receipt+jwt"
        case .vcon: "vcon+json"
        }
    }
}
