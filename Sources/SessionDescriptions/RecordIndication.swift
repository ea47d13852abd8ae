/// What an answer says about recording (RFC 7866 section 6.1.2): `a=record`.
package enum RecordIndication: String, Sendable, CaseIterable {
    case off
    case paused
    case on
}

/// What an answer says about the recording of each kind of media.
///
/// What is declined is not recorded, and the session is as far as any of its sections.
package struct RecordIndications: Sendable, Equatable {
    package let audio: RecordIndication
    package let video: RecordIndication

    package init(audio: RecordIndication, video: RecordIndication) {
        self.audio = audio
        self.video = video
    }

    /// The same of every kind.
    package init(_ all: RecordIndication) {
        self.init(audio: all, video: all)
    }

    package static let off = RecordIndications(.off)

    func indication(of media: NegotiatedMedia) -> RecordIndication {
        guard media.accepted else { return .off }
        return switch media.kind {
        case .audio: audio
        case .video: video
        case .application: .off
        }
    }

    /// What the session's own `a=record` says.
    func indication(of session: NegotiatedSession) -> RecordIndication {
        let all = session.media.map { indication(of: $0) }
        return RecordIndication.allCases.last { all.contains($0) } ?? .off
    }
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
