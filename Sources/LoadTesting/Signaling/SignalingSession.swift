import Primitives
import RelayRuntime
import SessionDescriptions

/// A WHIP or WHEP session as the server made it: where it lives, and what it answered.
package struct SignalingSession: Sendable {
    /// The session's URL, absolute.
    package var url: String
    /// As the server wrote it, with or without quotes.
    package var entityTag: String?
    package var answer: SessionDescription
    /// Where the session's events are subscribed to; `nil` if the server offers none.
    package var eventsURL: String?
    /// When the offer was sent and when the answer was there.
    package var requestedAt: MonotonicTime
    package var answeredAt: MonotonicTime
}

extension SignalingClient {
    private static let sdpType = "application/sdp"
    private static let eventsRelation = "urn:ietf:params:whep:ext:core:server-sent-events"

    /// Posts an offer to a WHIP or WHEP endpoint (RFC 9725 4.2).
    package func offer(
        _ offer: SessionDescription,
        to url: String,
        token: String?
    ) async throws(SignalingError) -> SignalingSession {
        let requestedAt = SystemClock.monotonic
        let response = try await request("POST", url, token: token, type: Self.sdpType, body: offer.text)
        let answeredAt = SystemClock.monotonic
        // Some servers answer 200; whoever sends an answer and a session's place means yes.
        guard response.status == 201 || response.status == 200 else { throw response.refusal }
        guard let location = response.field("location") else {
            throw .unusableAnswer("no Location")
        }
        let answer: SessionDescription
        do {
            answer = try SessionDescription(parsing: response.body)
        } catch {
            throw .unusableAnswer("\(error)")
        }
        let sessionURL = try Self.resolve(location, against: url)
        let links = response.fields.filter { $0.name == "link" }.flatMap { Self.links($0.value) }
        let events = links.first { $0.relation == Self.eventsRelation }
        return SignalingSession(
            url: sessionURL,
            entityTag: response.field("etag"),
            answer: answer,
            eventsURL: try events.map { link throws(SignalingError) in
                try Self.resolve(link.target, against: sessionURL)
            },
            requestedAt: requestedAt,
            answeredAt: answeredAt
        )
    }

    /// Ends a session; whatever the server says, it is over for us.
    package func end(_ session: SignalingSession, token: String?) async {
        _ = try? await request("DELETE", session.url, token: token)
    }

    /// The targets and relations of a `Link` field (RFC 8288), which may hold several.
    static func links(_ value: String) -> [(target: String, relation: String)] {
        var links: [(target: String, relation: String)] = []
        var rest = Substring(value)
        while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
            let target = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            // Parameters reach to the next target; a comma inside quotes stands before no "<".
            let parameters = rest.prefix { $0 != "<" }
            for parameter in parameters.split(separator: ";") {
                let trimmed = parameter.drop { $0 == " " || $0 == "," }
                guard trimmed.lowercased().hasPrefix("rel=") else { continue }
                let relation = trimmed.dropFirst(4).filter { $0 != "\"" && $0 != "," && $0 != " " }
                links.append((String(target), String(relation)))
            }
            rest = rest.dropFirst(parameters.count)
        }
        return links
    }
}
