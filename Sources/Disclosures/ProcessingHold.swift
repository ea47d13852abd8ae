import Primitives

/// A restriction of processing: what it covers is kept and shown to nobody, whatever was granted.
package struct ProcessingHold: Sendable, Hashable {
    /// A later hold with the same identifier replaces an earlier.
    package let id: String
    package let participant: ParticipantID
    /// The purposes held; empty means all.
    package let purposes: Set<Purpose>
    /// The stream held; `nil` means every stream of the participant.
    package let stream: String?
    /// Why, in words.
    package let reason: String
    package let isLifted: Bool

    package init(
        id: String,
        participant: ParticipantID,
        purposes: Set<Purpose> = [],
        stream: String? = nil,
        reason: String,
        isLifted: Bool = false
    ) {
        self.id = id
        self.participant = participant
        self.purposes = purposes
        self.stream = stream
        self.reason = reason
        self.isLifted = isLifted
    }

    /// Whether this hold stops disclosures of `stream` for `purpose`.
    func covers(_ purpose: Purpose, stream wanted: String) -> Bool {
        !isLifted && (purposes.isEmpty || purposes.contains(purpose)) && (stream == nil || stream == wanted)
    }
}
