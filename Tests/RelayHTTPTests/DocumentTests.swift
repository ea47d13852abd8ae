import ConsentReceipts
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import RoomControl
import Testing

@testable import RelayHTTP

/// The OpenAPI document against the routes and the sources.
@Suite struct DocumentTests {
    private func document() throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(APIDocument.served.bytes))
        return try #require(object as? [String: Any])
    }

    /// Paths and methods that the document describes.
    private func described() throws -> [String: Set<String>] {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let methods: Set<String> = ["get", "put", "post", "patch", "delete", "head", "options", "trace"]
        return paths.mapValues { item in Set(item.keys.filter(methods.contains).map { $0.uppercased() }) }
    }

    @Test func isServedToEverybodyAndNotTwice() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            let response = try await client.execute(uri: "/v1/openapi.json", method: .get)
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == "application/json")
            #expect(response.object["openapi"] as? String == "3.1.0")
            let tag = try #require(response.headers[.eTag])
            let again = try await client.execute(
                uri: "/v1/openapi.json",
                method: .get,
                headers: [.ifNoneMatch: tag]
            )
            #expect(again.status == .notModified)
        }
    }

    /// What a route takes is what its answer to OPTIONS says: every method has a route, most of them for the 405.
    @Test func describesEveryRouteAndNothingElse() async throws {
        let fixture = try await RelayFixture()
        let router = try RelayHTTPServer.makeRouter(
            service: fixture.relay,
            configuration: fixture.configuration,
            tokens: fixture.tokens,
            receiptKeys: .random(),
            metrics: fixture.metrics,
            partners: fixture.partners,
            heartbeat: fixture.heartbeat
        )
        let paths = Set(router.routes.map { $0.path.description }).filter { $0.hasPrefix("/v1/") }
        #expect(!paths.isEmpty)
        let served = try await fixture.run { client in
            var served: [String: Set<String>] = [:]
            for path in paths {
                let filled = path.replacing(/\{[a-z]+\}/, with: "x")
                let answer = try await client.execute(uri: filled, method: .options)
                let allowed = try #require(answer.headers[.allow])
                // Every path has OPTIONS, and what has GET has HEAD: the document says so once.
                // The rest of a path, whatever its slashes, is one parameter of the document.
                served[path.replacing("**", with: "{path}")] = Set(
                    allowed.split(separator: ", ").map(String.init)
                )
                .subtracting(["OPTIONS", "HEAD"])
            }
            return served
        }
        #expect(try described() == served)
    }

    /// A refusal whose code the document does not know would be a surprise to those who decide by it.
    @Test func knowsEveryCodeOfTheSources() throws {
        let text = String(decoding: APIDocument.served.bytes, as: UTF8.self)
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        var found = 0
        for target in ["RelayHTTP", "RoomControl"] {
            let folder = sources.appending(path: target).resolvingSymlinksInPath()
            let files = try #require(
                FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
            )
            for case let file as URL in files where file.pathExtension == "swift" {
                let source = try String(contentsOf: file, encoding: .utf8)
                let codes =
                    source.matches(of: /(?:RelayProblem|unauthorized|forbidden)\(\s*"([a-z-]+)"/).map { $0.1 }
                found += codes.count
                // Of /readyz, which is not part of the versioned API; any path at all under another method.
                for code in codes where !["not-ready", "method-not-allowed"].contains(code) {
                    // Outside of the expectation, which would print the whole document.
                    let isKnown = text.contains("urn:tally:problem:\(code)\"")
                    #expect(isKnown, "\(file.lastPathComponent): \(code) is not in the document")
                }
            }
        }
        #expect(found > 30)
        let offers = sources.appending(path: "SessionDescriptions/OfferError.swift")
        let cases = try String(contentsOf: offers, encoding: .utf8).matches(
            of: /case [A-Za-z]+ = "([a-z-]+)"/
        )
        #expect(cases.count > 10)
        for code in cases.map(\.1) {
            let isKnown = text.contains("urn:tally:problem:\(code)\"")
            #expect(isKnown, "\(code) is not in the document")
        }
    }

    /// References that lead nowhere make a document that no client can be made from.
    @Test func refersToWhatItHas() throws {
        let document = try document()
        var references: Set<String> = []
        func collect(_ value: Any) {
            if let object = value as? [String: Any] {
                if let reference = object["$ref"] as? String { references.insert(reference) }
                for member in object.values { collect(member) }
            } else if let items = value as? [Any] {
                for item in items { collect(item) }
            }
        }
        collect(document)
        #expect(references.count > 30)
        for reference in references {
            var place: Any? = document
            for part in reference.split(separator: "/").dropFirst() {
                place = (place as? [String: Any])?[String(part)]
            }
            #expect(reference.hasPrefix("#/") && place != nil, "\(reference) leads nowhere")
        }
        let components = try #require(document["components"] as? [String: [String: Any]])
        for (kind, members) in components where kind != "securitySchemes" {
            for name in members.keys {
                #expect(references.contains("#/components/\(kind)/\(name)"), "nobody uses \(kind)/\(name)")
            }
        }
    }

    @Test func operationsHaveNamesOfTheirOwn() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let names = paths.values.flatMap { item in
            item.values.compactMap { ($0 as? [String: Any])?["operationId"] as? String }
        }
        #expect(Set(names).count == names.count)
        #expect(names.count == (try described().values.reduce(0) { $0 + $1.count }))
    }
}
