/// What an answer says about recording (RFC 7866 section 6.1.2): `a=record`.
package enum RecordIndication: String, Sendable {
    case on
    case off
    case paused
}

/// What an offer wishes about recording (RFC 7866 section 6.2): `a=recordpref`, weakest first.
package enum RecordPreference: Int, Comparable, Sendable {
    /// The attribute is absent, `on` or `nopreference`: none of them permits anything.
    case none
    case pause
    case off

    /// An unknown word reads as `off`: it may only narrow.
    init(_ value: String?) {
        switch value?[...].trimmed.lowercased() {
        case nil, "on", "nopreference": self = .none
        case "pause": self = .pause
        default: self = .off
        }
    }

    package static func < (left: RecordPreference, right: RecordPreference) -> Bool {
        left.rawValue < right.rawValue
    }
}
