import Foundation
import HTTPTypes
import HummingbirdTesting
import LedgerStore
import NIOCore
import RoomControl
import Testing
import TransparencyLogs

/// The published ledger over HTTP.
@Suite struct LedgerTests {
    private static let log = "/v1/ledger/log"

    @Test func everybodyReadsTheLogAndKeepsItsTiles() async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            for (path, type, cached) in [
                ("checkpoint", "text/plain; charset=utf-8", "no-store"),
                ("key", "text/plain; charset=utf-8", "public, max-age=300"),
                ("verifier-key", "text/plain; charset=utf-8", "public, max-age=300"),
                ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
                ("tile/0/x001/234", "application/octet-stream", "public, max-age=31536000, immutable"),
            ] {
                let answer = try await client.execute(uri: "\(Self.log)/\(path)", method: .get)
                #expect(answer.status == .ok, "\(path)")
                #expect(answer.headers[.contentType] == type, "\(path)")
                #expect(answer.headers[.cacheControl] == cached, "\(path)")
                let head = try await client.execute(uri: "\(Self.log)/\(path)", method: .head)
                #expect(head.status == .ok && head.body.readableBytes == 0, "\(path)")
                #expect(head.headers[.contentLength] == String(answer.body.readableBytes), "\(path)")
            }
            let key = try await client.execute(uri: "\(Self.log)/key", method: .get)
            #expect(key.text == StandInRelay.ledgerKeyText + "\n")
        }
    }

    /// One spelling of each path, and none that leads out of the folder.
    @Test(arguments: [
        "tile", "tile/", "tile/0", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/64/000", "tile/00/000",
        "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/3", "tile/entries/000",
        "tile/0/..%2f..%2fcheckpoint", "tile/../checkpoint", "tile/0/%2e%2e/checkpoint", "..%2fledger.key",
        "ledger.key", "tile/0/000%00", "tile//0/000",
    ])
    func aFileThatIsNoneIsNotFound(_ path: String) async throws {
        let fixture = try await RelayFixture()
        try await fixture.run { client in
            let answer = try await client.execute(uri: "\(Self.log)/\(path)", method: .get)
            #expect(answer.status == .notFound, "\(path): \(answer.text)")
            #expect(["unknown-ledger-file", "not-found"].contains(answer.problem))
        }
    }

    @Test func onlyTheOperatorSeesHowTheLedgerDoes() async throws {
        let fixture = try await RelayFixture(StandInRelay(publicationFailure: "/secret/path is full"))
        try await fixture.run { client in
            let ada = try await fixture.publishToken()
            let refused = try await client.execute(uri: "/v1/ledger", method: .get, headers: .bearer(ada))
            #expect(refused.problem == "wrong-token-kind")
            let answer = try await client.execute(
                uri: "/v1/ledger",
                method: .get,
                headers: .bearer(try await fixture.operatorToken())
            )
            #expect(answer.object["leaves"] as? Int == 300)
            #expect(answer.object["open_intervals"] as? Int == 2)
            #expect((answer.object["published"] as? [String: Any])?["size"] as? Int == 299)
            #expect(answer.object["failure"] as? String == "/secret/path is full")
            #expect(answer.object["origin"] as? String == "sum.golang.org")
            let ready = try await client.execute(uri: "/readyz", method: .get)
            #expect(ready.status == .ok && ready.text.contains("not published"))
            #expect(!ready.text.contains("secret"))
        }
    }

    @Test func aRealLedgerIsServedAsItIsPublished() async throws {
        try await RealRelay.run { relay in
            await relay.store.publish()
            let checkpoint = try await relay.get("\(Self.log)/checkpoint")
            #expect(checkpoint.text.hasPrefix(relay.control.ledgerKey.name.text + "\n0\n"))
            let key = try await relay.get("\(Self.log)/key")
            #expect(key.text == relay.control.ledgerKey.text + "\n")
            let metrics = try await relay.get("/metrics")
            #expect(metrics.text.contains("tally_ledger_leaves 0\n"))
            #expect(metrics.text.contains("tally_ledger_publication_failures_total 0\n"))
            let ledger = try await relay.get("/v1/ledger", try await relay.operatorToken())
            #expect((ledger.object["published"] as? [String: Any])?["time"] is String)
            #expect(ledger.object["failure"] == nil)
        }
    }
}
