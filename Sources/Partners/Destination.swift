import Disclosures
import Primitives

/// A server of a partner that rooms are re-broadcast to, by WHIP (RFC 9725).
///
/// Its partner is the recipient: participants see and choose that one's name.
package struct Destination: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case active
        /// An operator has stopped it.
        case suspended
        /// It did not acknowledge what it was told of consents; an operator may let it go on.
        case cutOff = "cut-off"
    }

    /// Where it is told what of consents it has to carry along, and how soon it has to acknowledge that.
    package struct Webhook: Sendable, Equatable {
        package var url: ServerURL
        /// As Standard Webhooks write it, `whsec_…`.
        package var secret: HiddenText
        package var acknowledgementSeconds: Int

        package init(url: ServerURL, secret: HiddenText, acknowledgementSeconds: Int = 5) {
            self.url = url
            self.secret = secret
            self.acknowledgementSeconds = acknowledgementSeconds
        }
    }

    /// What an operator sets.
    package struct Terms: Sendable, Equatable {
        /// The partner whose server it is: the recipient.
        package var partner: String
        /// The WHIP endpoint.
        package var url: ServerURL
        /// The bearer token for the endpoint; `nil` if it wants none.
        package var token: HiddenText?
        /// Where it shows what it receives; `nil` if that is not known.
        package var region: Region?
        /// `nil` for one that takes the state of consents from the media alone.
        package var webhook: Webhook?

        package init(
            partner: String,
            url: ServerURL,
            token: HiddenText? = nil,
            region: Region? = nil,
            webhook: Webhook? = nil
        ) {
            self.partner = partner
            self.url = url
            self.token = token
            self.region = region
            self.webhook = webhook
        }
    }

    package let id: String
    package var terms: Terms
    package var state: State
    /// Why it was cut off.
    package var reason: String?
}

/// What is wrong with what an operator sets for a destination.
package enum DestinationFault: String, Error, Sendable, CaseIterable {
    /// An identifier is 1 to 64 characters of `a-z A-Z 0-9 - _ .` and starts with a letter or digit.
    case identifierMalformed = "identifier-malformed"
    /// A token has 1 to 4096 visible ASCII characters.
    case tokenMalformed = "token-malformed"
    /// A destination acknowledges within 1 to 60 seconds.
    case timeOutOfRange = "time-out-of-range"
}

extension Destination.Terms {
    private static let tokenBytes = 1...4_096
    private static let acknowledgementSeconds = 1...60

    /// What keeps these terms from being set; `nil` if nothing does.
    package var fault: DestinationFault? {
        if let token {
            let bytes = token.text.utf8
            guard Self.tokenBytes.contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) })
            else { return .tokenMalformed }
        }
        if let webhook, !Self.acknowledgementSeconds.contains(webhook.acknowledgementSeconds) {
            return .timeOutOfRange
        }
        return nil
    }
}
