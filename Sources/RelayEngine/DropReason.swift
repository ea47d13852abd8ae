/// Why an incoming packet went no further; each has a counter.
package enum DropReason: UInt8, Sendable, CaseIterable {
    case unknownKind
    /// From an address that has passed no check.
    case stranger
    /// STUN that names no session of ours, or is not authentic.
    case badSTUN
    case notEstablished
    case authenticationFailed
    case replayed
    case tooOld
    case malformed
    case tooManySources
    /// No track for its SSRC, mid or payload type.
    case unknownTrack
    case unknownPayloadType
    /// More than the publisher may send.
    case rateLimited
    /// A payload that no slot holds.
    case tooLarge
    /// Padding without media, left out of the numbering.
    case padding
    /// Media from a viewer.
    case fromViewer
    /// Without the consent state that the offer announced.
    case withoutConsentState
    /// Narrower than what the gates still let through: it waits for them.
    case awaitsConsentState
    /// For another loop, whose queue was full.
    case handOverFull
    /// A handshake's, beyond those that may wait.
    case handshakesFull

    /// The name of the reason in metrics.
    package var name: String { "\(self)" }
}
