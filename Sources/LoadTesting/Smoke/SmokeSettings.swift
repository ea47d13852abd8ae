/// What a smoke run expects of a running relay.
package struct SmokeSettings: Sendable {
    /// The relay, for example `http://127.0.0.1:8080`.
    package var base: String
    package var room: String
    package var operatorToken: TokenSource
    /// Who withdraws: on air, with a synthetic picture.
    package var participant: String
    /// The name in that picture.
    package var name: String
    /// Hertz of their tone; `nil` if it is not known.
    package var tone: Double?
    package var joins = 10
    /// The most that the median of the joins' first pictures may take.
    package var joinMilliseconds = 300
    /// Slots to look in for the participant.
    package var slots = 4
    /// A partner's site that shows the room; `nil` if there is none.
    package var partnerSite: PartnerSite?

    /// Where a partner shows the room, to which the participant alone has agreed.
    package struct PartnerSite: Sendable {
        package var partner: String
        /// With a slash at the end.
        package var url: String

        var grantURL: String { url + "grant" }

        package init(partner: String, url: String) {
            self.partner = partner
            self.url = url.hasSuffix("/") ? url : url + "/"
        }
    }

    /// The name follows from the participant: `ada` is Ada.
    package init(
        base: String,
        room: String,
        operatorToken: TokenSource,
        participant: String,
        name: String? = nil
    ) {
        self.base = base
        self.room = room
        self.operatorToken = operatorToken
        self.participant = participant
        self.name = name ?? participant.prefix(1).uppercased() + participant.dropFirst()
    }
}
