import Foundation
import Primitives

/// Why an endpoint cannot be used; names the endpoint and what to do.
package struct WebhookEndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
}

/// Where events are sent, and which.
package struct WebhookEndpoint: Sendable, Equatable {
    /// A first secret and one to take over from it, and one to spare.
    package static let maximumSecrets = 3
    /// What request lines take everywhere.
    static let maximumURLBytes = 2048

    /// The operator's name for it; what logs and metrics say.
    package let name: String
    package let url: String
    /// The host in `url`, without brackets.
    let host: String
    let isPlaintext: Bool
    /// Every request carries a signature by each: while a secret is replaced, receivers may check either.
    let secrets: [SigningSecret]
    /// Empty for all.
    package let types: Set<WebhookEventType>
    /// Empty for all, and for what is about no room.
    package let rooms: Set<RoomName>
    /// Whether it may be at an address where clouds keep their machines' credentials.
    let allowsLinkLocal: Bool

    /// Checks all of it: https, or http to this machine; 1 to 3 secrets; a name of `a-z A-Z 0-9 - _ .`.
    package init(
        name: String,
        url: String,
        secrets: [SigningSecret],
        types: Set<WebhookEventType> = [],
        rooms: Set<RoomName> = [],
        allowsLinkLocal: Bool = false
    ) throws(WebhookEndpointError) {
        // The characters of room names are those that need no quoting anywhere.
        guard RoomName(name) != nil else {
            throw WebhookEndpointError(
                description: "webhook endpoint \"\(name.prefix(64))\": a name is 1 to 64 characters of "
                    + "a-z A-Z 0-9 - _ . and starts with a letter or digit"
            )
        }
        func refuse(_ reason: String) -> WebhookEndpointError {
            WebhookEndpointError(description: "webhook endpoint \(name): \(reason)")
        }
        guard url.utf8.count <= Self.maximumURLBytes, let parts = URLComponents(string: url),
            let scheme = parts.scheme?.lowercased(), let host = parts.host, !host.isEmpty
        else { throw refuse("its url is none of the form https://host/path") }
        guard parts.user == nil, parts.password == nil, parts.fragment == nil else {
            throw refuse("its url has a user or a fragment, which are not sent")
        }
        self.host = String(host.drop { $0 == "[" }.prefix { $0 != "]" })
        switch scheme {
        case "https":
            isPlaintext = false
        case "http" where Self.namesLoopback(self.host):
            isPlaintext = true
        case "http":
            throw refuse(
                "its url is plaintext http, which only this machine itself may be told over; use https"
            )
        default:
            throw refuse("its url has the scheme \(scheme.prefix(16)); it takes https")
        }
        guard (1...Self.maximumSecrets).contains(secrets.count) else {
            throw refuse("it has \(secrets.count) secrets; it takes 1 to \(Self.maximumSecrets)")
        }
        self.name = name
        self.url = url
        self.secrets = secrets
        self.types = types
        self.rooms = rooms
        self.allowsLinkLocal = allowsLinkLocal
    }

    /// Whether it is told of an event.
    func takes(_ event: WebhookEvent) -> Bool {
        guard types.isEmpty || types.contains(event.type) else { return false }
        guard let room = event.room else { return true }
        return rooms.isEmpty || rooms.contains(room)
    }

    private static func namesLoopback(_ host: String) -> Bool {
        host == "localhost" || SocketAddress(host: host, port: 0)?.isLoopback == true
    }
}
