/// Why a file is not taken for a receipt; each is a different thing to tell its holder.
package enum ReceiptRefusal: Error, Sendable, Equatable {
    /// More bytes than any receipt has.
    case tooLarge(limit: Int)
    /// The text ends before the receipt does.
    case truncated
    /// No form of a receipt.
    case malformed(String)
    /// Signed in a way that proves nothing, or that nobody asked for (RFC 8725 3.1).
    case algorithm(String)
    /// Signed with a key that is not among the published ones.
    case otherKey(String)
    /// The signature is not one over these bytes.
    case altered
    /// The signature is right, but the standard's fields do not follow from the record beside them.
    case contradictory

    /// A word for programs.
    package var code: String {
        switch self {
        case .tooLarge: "too-large"
        case .truncated: "truncated"
        case .malformed: "malformed"
        case .algorithm: "algorithm"
        case .otherKey: "other-key"
        case .altered: "altered"
        case .contradictory: "contradictory"
        }
    }
}

extension ReceiptRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let limit): "it has more than \(limit) bytes, which no receipt has"
        case .truncated: "it ends before the receipt does: a part is missing"
        case .malformed(let reason): "it is no receipt: \(reason)"
        case .algorithm(let name): "it is signed by '\(name)'; only Ed25519 (EdDSA) counts"
        case .otherKey(let id): "it is signed with the key '\(id)', which is not a published one"
        case .altered: "its signature does not fit: it was altered after it was signed"
        case .contradictory: "it is signed, but its fields say something else than the record in it"
        }
    }
}

extension JSONFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .truncated: "it ends too early"
        case .malformed(let reason): reason
        }
    }

    /// The same, said about a receipt.
    var refusal: ReceiptRefusal {
        switch self {
        case .truncated: .truncated
        case .malformed(let reason): .malformed(reason)
        }
    }
}
