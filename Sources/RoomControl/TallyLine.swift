/// What the door does with one live track toward one present audience, for the operator.
///
/// Names streams and participants by their identifiers only.
package struct TallyLine: Sendable, Codable, Equatable {
    package var stream: String
    package var participant: String
    package var media: String
    package var purpose: String
    package var recipientClass: String
    package var recipient: String?
    /// Where the recipients are, if that is known.
    package var region: String?
    /// Whether a grant in force covers the disclosure, whatever the door does.
    package var granted: Bool
    /// `open` or `withheld`.
    package var state: String
    /// The deny reason while withheld.
    package var reason: String?
    /// Sessions of this audience in the room.
    package var viewers: Int
    /// Sessions that the media loops say they send this track to.
    package var receiving: Int
    /// The line's place among those of the room; stays while the line is there.
    package var place: String

    package init(
        stream: String,
        participant: String,
        media: String,
        purpose: String,
        recipientClass: String,
        recipient: String?,
        region: String? = nil,
        granted: Bool,
        reason: String?,
        viewers: Int,
        receiving: Int,
        place: String
    ) {
        self.stream = stream
        self.participant = participant
        self.media = media
        self.purpose = purpose
        self.recipientClass = recipientClass
        self.recipient = recipient
        self.region = region
        self.granted = granted
        self.state = reason == nil ? "open" : "withheld"
        self.reason = reason
        self.viewers = viewers
        self.receiving = receiving
        self.place = place
    }

    private enum CodingKeys: String, CodingKey {
        case stream
        case participant
        case media
        case purpose
        case recipientClass = "recipient_class"
        case recipient
        case region
        case granted
        case state
        case reason
        case viewers
        case receiving
        case place
    }
}
