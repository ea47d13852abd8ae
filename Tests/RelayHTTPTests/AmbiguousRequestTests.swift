import HTTPTypes
import HummingbirdTesting
import NIOCore
import Synchronization
import Testing

@testable import RelayHTTP

/// What two readers could take for different things is taken for none.
@Suite struct AmbiguousRequestTests {
    private static let path = "/v1/rooms/demo/participants/ada/consents"

    /// The answer to a body, and whether anything was changed for it.
    private func put(_ body: ByteBuffer) async throws -> (answer: TestResponse, isChanged: Bool) {
        let fixture = try await RelayFixture()
        let token = try await fixture.publishToken()
        let answer = try await fixture.run { client in
            try await client.execute(
                uri: Self.path,
                method: .put,
                headers: .bearer(token, type: jsonType),
                body: body
            )
        }
        return (answer, fixture.relay.asked.withLock { !$0.changes.isEmpty })
    }

    @Test(arguments: [
        (#"{"changes":[{"purpose":"live_room","choice":"refuse","choice":"grant"}]}"#, "choice"),
        (#"{"changes":[{"purpose":"live_room","choice":"refuse","\u0063hoice":"grant"}]}"#, "choice"),
        (
            #"{"changes":[{"purpose":"live_room","choice":"refuse"}],"changes":[{"purpose":"live_room","choice":"grant"}]}"#,
            "changes"
        ),
        (
            #"{"changes":[{"purpose":"recording","recipient":"a","choice":"grant","terms":{"language":"en","language":"fr"}}]}"#,
            "language"
        ),
    ])
    func aMemberThatStandsTwiceIsNamedAndNothingIsChanged(_ body: String, _ member: String) async throws {
        let (answer, isChanged) = try await put(ByteBuffer(string: body))
        #expect(answer.status == .badRequest && answer.problem == "malformed-json")
        #expect((answer.object["detail"] as? String)?.contains("the member \(member) twice") == true)
        #expect(!isChanged)
    }

    @Test(arguments: [
        (#"{"changes":[{"purpose":"live_room","choice":"grant","media":[]}]}"#, "changes[0].media: "),
        (#"{"changes":[{"purpose":"live_room","choice":"withdraw","media":[]}]}"#, "changes[0].media: "),
        (
            #"{"changes":[{"purpose":"live_room","choice":"refuse"},{"purpose":"live_room","choice":"grant"}]}"#,
            "changes: lines 0 and 1"
        ),
        (
            #"{"changes":[{"purpose":"live_room","choice":"grant"},{"purpose":"live_room","recipient_class":"room_viewer","choice":"refuse"}]}"#,
            "changes: lines 0 and 1"
        ),
        ("5", "an object: { … }"), (#""changes""#, "an object: { … }"), ("null", "an object: { … }"),
        ("\u{FEFF}{}", "an object: { … }"),
    ])
    func whatMeansNothingOrTwoThingsIsRefused(_ body: String, _ words: String) async throws {
        let (answer, isChanged) = try await put(ByteBuffer(string: body))
        #expect(answer.status == .badRequest && answer.problem == "malformed-json")
        let detail = answer.object["detail"] as? String
        #expect(detail?.contains(words) == true, "\(detail ?? "")")
        #expect(!isChanged)
    }

    @Test(arguments: [
        #"{"changes":[{"purpose":"live_room","choice":"refuse"}]}"#,
        #"{"changes":[{"purpose":"live_room","choice":"grant","media":null}]}"#,
        #"{"changes":[{"purpose":"recording","recipient":"a","choice":"grant","terms":{"retention_seconds":6e1}}]}"#,
        #"{"changes":[{"purpose":"recording","recipient":"a","choice":"grant","terms":{"retention_seconds":60.0}}]}"#,
        #"{"changes":[{"purpose":"live_room","choice":"grant"},{"purpose":"live_room","stream":"a","choice":"refuse"},{"purpose":"live_embed","recipient":"a","choice":"grant"},{"purpose":"live_embed","choice":"refuse"}]}"#,
    ])
    func whatIsAboutDifferentThingsIsTaken(_ body: String) async throws {
        let (answer, isChanged) = try await put(ByteBuffer(string: body))
        #expect(answer.status == .ok && isChanged)
    }
}
