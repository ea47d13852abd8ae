import Disclosures
import Primitives
import Rooms

/// What a line is fed from, and for whom, until it is fed from something else.
package struct LineAssignment: Sendable {
    package let line: LineName
    /// The media loop that serves the line.
    package let loop: Int
    package let gate: DisclosureGate
    package let participant: ParticipantID
    package let stream: String
    package let media: MediaType
    package let audience: Audience
    /// The recipient's session as the ledger names it.
    package let session: String

    package init(
        line: LineName,
        loop: Int,
        gate: DisclosureGate,
        participant: ParticipantID,
        stream: String,
        media: MediaType,
        audience: Audience,
        session: String
    ) {
        self.line = line
        self.loop = loop
        self.gate = gate
        self.participant = participant
        self.stream = stream
        self.media = media
        self.audience = audience
        self.session = session
    }
}
