import Disclosures
import Foundation

/// A destination's terms as JSON in the file, secrets included.
struct DestinationTermsDocument: Codable {
    struct Webhook: Codable {
        var url: String
        var secret: String
        var seconds: Int
    }

    var url: String
    var token: String?
    var region: String?
    var webhook: Webhook?

    init(_ terms: Destination.Terms) {
        url = terms.url.text
        token = terms.token?.text
        region = terms.region?.code
        webhook = terms.webhook.map { webhook in
            Webhook(
                url: webhook.url.text,
                secret: webhook.secret.text,
                seconds: webhook.acknowledgementSeconds
            )
        }
    }

    init?(json: String) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else { return nil }
        self = read
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    /// `nil` for what cannot be a destination's.
    func terms(of partner: String) -> Destination.Terms? {
        guard let url = ServerURL(url) else { return nil }
        var terms = Destination.Terms(partner: partner, url: url, token: token.map { HiddenText($0) })
        if let region {
            guard let known = Region(region) else { return nil }
            terms.region = known
        }
        if let webhook {
            guard let url = ServerURL(webhook.url) else { return nil }
            terms.webhook = Destination.Webhook(
                url: url,
                secret: HiddenText(webhook.secret),
                acknowledgementSeconds: webhook.seconds
            )
        }
        return terms
    }
}
