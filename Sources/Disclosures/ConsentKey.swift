import Primitives

/// What one record is about: a later statement with the same key replaces an earlier one.
package struct ConsentKey: Sendable, Hashable {
    package let participant: ParticipantID
    package let purpose: Purpose
    package let recipientClass: RecipientClass
    /// The named recipient; a refusal without one applies to every recipient.
    package let recipient: String?
    /// The stream meant; `nil` means every stream of the participant.
    package let stream: String?
    /// The publishing session meant; `nil` means every session.
    package let session: String?
    /// The source, for those that keep records of their own.
    package let source: ConsentSource?

    package init(
        participant: ParticipantID,
        purpose: Purpose,
        recipientClass: RecipientClass? = nil,
        recipient: String?,
        stream: String?,
        session: String? = nil,
        source: ConsentSource
    ) {
        self.participant = participant
        self.purpose = purpose
        self.recipientClass = recipientClass ?? purpose.recipientClass
        self.recipient = recipient
        self.stream = stream
        self.session = session
        self.source = source.keepsOwnRecords ? source : nil
    }
}
