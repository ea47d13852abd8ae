/// A kind of personal information that a grant covers (`pii_information` of ISO/IEC TS 27560).
package enum MediaType: String, Sendable, Hashable, Codable, CaseIterable {
    case audio
    case video
}

extension MediaType: Comparable {
    /// The order in which records list media.
    package static func < (left: MediaType, right: MediaType) -> Bool {
        left.rawValue < right.rawValue
    }
}
