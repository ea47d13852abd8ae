import Partners
import RelayRuntime
import SessionDescriptions
import Webhooks

/// A session that a server has made of an offer of ours.
struct WHIPSession: Sendable {
    /// What DELETE ends.
    let url: ServerURL
    let answer: SessionDescription
}

/// Why an offer came to nothing.
enum WHIPFailure: Error, Sendable, Equatable {
    case refused(status: Int, retryAfterSeconds: Int?)
    case failed(DeliveryFault)
    /// What the server answered cannot be used, in a word.
    case unusable(String)

    /// In the words of the API.
    var reason: String {
        switch self {
        case .refused(let status, _): "http-\(status)"
        case .failed(let fault): fault.rawValue
        case .unusable(let word): word
        }
    }

    /// What the server asked us to wait.
    var retryAfterSeconds: Int? {
        guard case .refused(_, let seconds) = self else { return nil }
        return seconds
    }
}

/// The client's side of WHIP (RFC 9725) toward destinations.
struct WHIPClient: Sendable {
    static let requestMilliseconds: Int64 = 10_000
    /// An answer to two sections has some 3 KB.
    static let maximumAnswerBytes = 64 << 10
    /// A load balancer, and another one.
    static let maximumRedirections = 4
    private static let type = "application/sdp"

    let requests: GuardedRequests

    /// Posts an offer, following 307 and 308 (RFC 9725 4.6).
    ///
    /// A session whose answer is of no use is ended.
    func offer(
        _ offer: String,
        to endpoint: ServerURL,
        token: HiddenText?
    ) async -> Result<WHIPSession, WHIPFailure> {
        var url = endpoint
        for _ in 0...Self.maximumRedirections {
            let answer: GuardedRequests.Answer
            switch await send("POST", url, token, Array(offer.utf8)) {
            case .success(let received): answer = received
            case .failure(.tooLarge): return .failure(.unusable("answer-too-large"))
            case .failure(.fault(let fault)): return .failure(.failed(fault))
            }
            switch answer.status {
            case 307, 308:
                guard let next = answer.field("location").flatMap({ url.resolving($0) }) else {
                    return .failure(.unusable("redirection-unusable"))
                }
                url = next
            case 200, 201:
                return await session(answer, from: url, token)
            default:
                return .failure(
                    .refused(
                        status: answer.status,
                        retryAfterSeconds: answer.retryAfterSeconds(now: SystemClock.wall)
                    )
                )
            }
        }
        return .failure(.unusable("too-many-redirections"))
    }

    /// Ends a session; whatever the server says, it is over for us.
    func end(_ url: ServerURL, token: HiddenText?) async {
        _ = await send("DELETE", url, token, nil)
    }

    private func session(
        _ answer: GuardedRequests.Answer,
        from url: ServerURL,
        _ token: HiddenText?
    ) async -> Result<WHIPSession, WHIPFailure> {
        guard let place = answer.field("location").flatMap({ url.resolving($0) }) else {
            return .failure(.unusable("location-unusable"))
        }
        switch Self.description(in: answer) {
        case .success(let description):
            return .success(WHIPSession(url: place, answer: description))
        case .failure(let failure):
            await end(place, token: token)
            return .failure(failure)
        }
    }

    /// The session description that an answer carries.
    static func description(in answer: GuardedRequests.Answer) -> Result<SessionDescription, WHIPFailure> {
        let essence = answer.field("content-type")?.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        guard essence == nil || essence == type else { return .failure(.unusable("answer-not-sdp")) }
        guard let text = String(validating: answer.body, as: UTF8.self),
            let description = try? SessionDescription(parsing: text)
        else { return .failure(.unusable("answer-malformed")) }
        return .success(description)
    }

    private func send(
        _ method: String,
        _ url: ServerURL,
        _ token: HiddenText?,
        _ body: [UInt8]?
    ) async -> Result<GuardedRequests.Answer, GuardedRequests.Failure> {
        var fields: [(name: String, value: String)] = []
        if let token { fields.append(("authorization", "Bearer \(token.text)")) }
        if body != nil { fields += [("content-type", Self.type), ("accept", Self.type)] }
        return await requests.send(
            method,
            to: GuardedRequests.Target(url: url.text, host: url.host, isPlaintext: url.isPlaintext),
            fields: fields,
            body: body,
            maximumAnswerBytes: Self.maximumAnswerBytes,
            milliseconds: Self.requestMilliseconds
        )
    }
}
