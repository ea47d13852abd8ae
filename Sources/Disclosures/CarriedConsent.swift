/// What another relay says may be done here with a stream that it has passed on: one byte, carried by every packet
/// of it (`HeaderExtensionURI.consentState`).
///
/// It only narrows what the room's own records permit. A bit that is not set denies; all eight are in use.
package struct CarriedConsent: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Viewers of the room.
    package static let live = CarriedConsent(rawValue: 1 << 0)
    package static let recording = CarriedConsent(rawValue: 1 << 1)
    /// Viewers on partners' sites.
    package static let liveEmbed = CarriedConsent(rawValue: 1 << 2)
    /// Passing on to a further server.
    package static let rebroadcast = CarriedConsent(rawValue: 1 << 3)
    /// Showing and copying what was recorded.
    package static let replay = CarriedConsent(rawValue: 1 << 4)
    package static let transcription = CarriedConsent(rawValue: 1 << 5)
    /// Analysis, and statistics.
    package static let analysis = CarriedConsent(rawValue: 1 << 6)
    /// Whose stream it is.
    package static let identify = CarriedConsent(rawValue: 1 << 7)

    /// What has to be carried for a purpose.
    package init(_ purpose: Purpose) {
        self =
            switch purpose {
            case .liveRoom: .live
            case .liveEmbed: .liveEmbed
            case .recording: .recording
            case .replayRoom, .download: .replay
            case .rebroadcast: .rebroadcast
            case .transcription: .transcription
            case .analysis, .aggregate: .analysis
            case .identify: .identify
            }
    }
}
