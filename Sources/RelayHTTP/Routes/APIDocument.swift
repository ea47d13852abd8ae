import Foundation
import Yams

/// The OpenAPI 3.1 document of everything under `/v1`: written in YAML, served as JSON.
enum APIDocument {
    /// Made from the embedded YAML when first asked for.
    static let served: EmbeddedPage = {
        let text = String(decoding: PackageResources.openapi_yaml, as: UTF8.self)
        // Part of the executable, and read by the tests: what cannot be read here was never built.
        guard let document = try? Yams.load(yaml: text), JSONSerialization.isValidJSONObject(document),
            let json = try? JSONSerialization.data(
                withJSONObject: document,
                options: [.sortedKeys, .withoutEscapingSlashes]
            )
        else { preconditionFailure("the embedded OpenAPI document is not YAML of the form of JSON") }
        return EmbeddedPage(Array(json), "application/json")
    }()
}
