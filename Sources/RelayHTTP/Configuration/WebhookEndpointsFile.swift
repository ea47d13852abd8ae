import Foundation
import Primitives
import Webhooks
import Yams

/// The file that `webhooks.file` names: which systems are told of which events.
///
///     endpoints:
///       - name: crm
///         url: https://crm.example/hooks/tally
///         secrets: ["file:crm.secret", "env:CRM_SECRET"]
///         events: [consent.withdrawn, consent.revoked]
///         rooms: [studio]
package enum WebhookEndpointsFile {
    /// Every event is written once for each endpoint that takes it.
    static let maximumEndpoints = 32
    /// A file of 32 endpoints with all their events and some rooms has 30 KB.
    static let maximumBytes = 1 << 20

    private static let keys: Set<String> = [
        "name", "url", "secrets", "events", "rooms", "allowLinkLocal",
    ]

    /// Reads the file; paths of secrets are relative to its folder.
    ///
    /// Throws `ConfigurationError` with everything that is wrong.
    package static func load(
        path: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> [WebhookEndpoint] {
        let url = URL(filePath: path)
        guard let data = try? Data(contentsOf: url), data.count <= maximumBytes,
            let text = String(validating: data, as: UTF8.self)
        else { throw ConfigurationError(problems: ["webhooks.file: \(path) cannot be read"]) }
        var problems: [String] = []
        let endpoints = read(text, &problems) { source throws(WebhookSecretSource.Failure) in
            try source.secret(folder: url.deletingLastPathComponent(), environment: environment)
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return endpoints
    }

    static func read(
        _ text: String,
        _ problems: inout [String],
        secret: (WebhookSecretSource) throws(WebhookSecretSource.Failure) -> SigningSecret
    ) -> [WebhookEndpoint] {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            problems.append("webhooks.file: it is not YAML: \(error)")
            return []
        }
        guard case .mapping(let mapping)? = root, mapping.count == 1,
            case .sequence(let items)? = mapping["endpoints"]
        else {
            problems.append("webhooks.file: it holds the one key endpoints, with a list")
            return []
        }
        guard items.count <= maximumEndpoints else {
            problems.append(
                "webhooks.file: it has \(items.count) endpoints; it takes at most \(maximumEndpoints)"
            )
            return []
        }
        var endpoints: [WebhookEndpoint] = []
        for (index, item) in items.enumerated() {
            let place = "webhooks.file: endpoints[\(index)]"
            guard case .mapping(let fields) = item else {
                problems.append("\(place): an endpoint with keys is expected")
                continue
            }
            if let endpoint = endpoint(fields, place, &problems, secret) { endpoints.append(endpoint) }
        }
        if Set(endpoints.map(\.name)).count != endpoints.count {
            problems.append("webhooks.file: two endpoints have the same name")
        }
        return endpoints
    }

    private static func endpoint(
        _ fields: Node.Mapping,
        _ place: String,
        _ problems: inout [String],
        _ secret: (WebhookSecretSource) throws(WebhookSecretSource.Failure) -> SigningSecret
    ) -> WebhookEndpoint? {
        let before = problems.count
        for key in fields.keys where !keys.contains(key.string ?? "") {
            problems.append("\(place).\(key.string?.prefix(64) ?? "?"): there is no such key")
        }
        func text(_ key: String) -> String {
            guard let text = fields[key]?.scalar?.string else {
                problems.append("\(place).\(key): text is expected")
                return ""
            }
            return text
        }
        func list(_ key: String) -> [String] {
            guard let node = fields[key] else { return [] }
            guard case .sequence(let items) = node else {
                problems.append("\(place).\(key): a list is expected")
                return []
            }
            return items.map { $0.scalar?.string ?? "" }
        }
        func each<Value>(_ key: String, _ kind: String, _ make: (String) -> Value?) -> [Value] {
            list(key).compactMap { text in
                let value = make(text)
                if value == nil { problems.append("\(place).\(key): \"\(text.prefix(64))\" is no \(kind)") }
                return value
            }
        }
        let name = text("name")
        let url = text("url")
        let types = each("events", "type of event") { WebhookEventType(rawValue: $0) }
        let rooms = each("rooms", "name of a room") { RoomName($0) }
        let sources = list("secrets").compactMap { text in
            let source = WebhookSecretSource(text)
            // The text is not repeated: it may be a secret that stands in the wrong place.
            if source == nil { problems.append("\(place).secrets: file:PATH or env:NAME is expected") }
            return source
        }
        let secrets = sources.compactMap { source -> SigningSecret? in
            do throws(WebhookSecretSource.Failure) {
                return try secret(source)
            } catch {
                problems.append("\(place).secrets: \(error.description)")
                return nil
            }
        }
        var allowsLinkLocal = false
        if let node = fields["allowLinkLocal"] {
            if let flag = node.bool {
                allowsLinkLocal = flag
            } else {
                problems.append("\(place).allowLinkLocal: true or false is expected")
            }
        }
        guard problems.count == before else { return nil }
        do throws(WebhookEndpointError) {
            return try WebhookEndpoint(
                name: name,
                url: url,
                secrets: secrets,
                types: Set(types),
                rooms: Set(rooms),
                allowsLinkLocal: allowsLinkLocal
            )
        } catch {
            problems.append("\(place): \(error.description)")
            return nil
        }
    }
}

/// Where a secret stands: never in the file itself, which is shown around.
enum WebhookSecretSource: Equatable {
    case file(String)
    case environment(String)

    /// Says what to do; does not repeat the secret.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// `file:PATH` or `env:NAME`; `nil` for anything else.
    init?(_ text: String) {
        if text.hasPrefix("file:"), text.count > 5 {
            self = .file(String(text.dropFirst(5)))
        } else if text.hasPrefix("env:"), text.count > 4 {
            self = .environment(String(text.dropFirst(4)))
        } else {
            return nil
        }
    }

    func secret(folder: URL, environment: [String: String]) throws(Failure) -> SigningSecret {
        let (text, place): (String?, String)
        switch self {
        case .file(let path):
            let url = path.hasPrefix("/") ? URL(filePath: path) : folder.appending(path: path)
            (text, place) = (try? String(contentsOf: url, encoding: .utf8), "the file \(path)")
        case .environment(let name):
            (text, place) = (environment[name], "the variable \(name)")
        }
        guard let text else { throw Failure(description: "\(place) cannot be read") }
        do {
            return try SigningSecret(text)
        } catch {
            throw Failure(description: "\(place): \(error.description)")
        }
    }
}
