/// A kind of personal information that a grant covers (`pii_information` of ISO/IEC TS 27560).
package enum MediaType: String, Sendable, Hashable, Codable, CaseIterable {
    case audio
    case video
    case screen
    case chat
    /// The screen name, and under `identify` the other fields of a profile.
    case displayName = "display_name"

    /// What a camera and a microphone bring: all that a grant means that names no kinds.
    package static let live: Set<MediaType> = [.audio, .video]
}

extension MediaType: Comparable {
    /// The order in which records list media.
    package static func < (left: MediaType, right: MediaType) -> Bool {
        left.rawValue < right.rawValue
    }
}
