import Primitives

/// How long stored media may be kept.
package enum MediaRetention: Sendable, Hashable {
    /// Neither a grant nor a rule says when it has to go.
    case unlimited
    /// Before this moment.
    case until(WallClockTime)
    /// Not at all: at some moment of it recording was not agreed to.
    case notAgreed
}

extension RoomConsent {
    /// How long a stretch of stored media may be kept: no longer than the shortest term of the grants to its recorder
    /// that were in force when it was captured, nor than the room's rules say now.
    ///
    /// `request` says whose stream of what it is; what it asks for makes no difference.
    package func retention(of captured: CapturedMedia, _ request: DisclosureRequest) -> MediaRetention {
        guard captured.from < captured.until else { return .notAgreed }
        return switch judgeCapture(captured, of: request) {
        case .notAgreed: .notAgreed
        case .agreed(nil): .unlimited
        case .agreed(let end?): .until(end)
        }
    }
}
