import Primitives
import Webhooks

struct WebhookListDocument: Encodable {
    let webhooks: [WebhookDocument]
}

/// An endpoint as its operator sees it.
struct WebhookDocument: Encodable {
    let name: String
    let host: String
    let events: [String]
    let rooms: [String]
    let enabled: Bool
    let waiting: Int
    let deadLetters: Int
    let delivered: UInt64
    let failedAttempts: UInt64
    let overflowed: UInt64
    let suppressed: UInt64
    let lastAnswer: String?

    private enum CodingKeys: String, CodingKey {
        case name, host, events, rooms, enabled, waiting, delivered, overflowed, suppressed
        case deadLetters = "dead_letters"
        case failedAttempts = "failed_attempts"
        case lastAnswer = "last_answer"
    }

    init(_ status: WebhookStatus) {
        name = status.name
        host = status.host
        events = status.types
        rooms = status.rooms
        enabled = status.isEnabled
        waiting = status.waiting
        deadLetters = status.deadLetters
        delivered = status.counts.delivered
        failedAttempts = status.counts.failedAttempts
        overflowed = status.counts.overflowed
        suppressed = status.counts.suppressed
        lastAnswer = status.lastAnswer
    }
}

/// The body of `PUT /v1/webhooks/{webhook}`.
struct WebhookSwitchDocument: Decodable {
    let isEnabled: Bool

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case isEnabled = "enabled"
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        isEnabled = try decoder.container(keyedBy: CodingKeys.self).decode(Bool.self, forKey: .isEnabled)
    }
}

struct DeadLetterListDocument: Encodable {
    let deadLetters: [DeadLetterDocument]

    private enum CodingKeys: String, CodingKey {
        case deadLetters = "dead_letters"
    }
}

/// A delivery that was given up; without its content, which names people.
struct DeadLetterDocument: Encodable {
    let number: Int64
    let id: String
    let type: String
    let reason: String
    let attempts: Int
    let lastStatus: Int?
    let createdAt: String
    let givenUpAt: String

    private enum CodingKeys: String, CodingKey {
        case number, id, type, reason, attempts
        case lastStatus = "last_status"
        case createdAt = "created_at"
        case givenUpAt = "given_up_at"
    }

    init(_ letter: DeadLetter) {
        number = letter.number
        id = letter.messageID
        type = letter.type
        reason = letter.reason.rawValue
        attempts = letter.attempts
        lastStatus = letter.lastStatus
        createdAt = letter.createdAt.rfc3339
        givenUpAt = letter.givenUpAt.rfc3339
    }
}

/// The body of `POST …/replays`; without it, or without numbers, the oldest are replayed.
struct ReplayRequestDocument: Decodable {
    let numbers: [Int64]?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case numbers
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map { $0.rawValue })
        let container = try decoder.container(keyedBy: CodingKeys.self)
        numbers = try container.decodeIfPresent([Int64].self, forKey: .numbers)
        guard numbers?.count ?? 0 <= WebhookDispatcher.maximumPage else {
            throw DecodingError.dataCorruptedError(
                forKey: .numbers,
                in: container,
                debugDescription: "has more than \(WebhookDispatcher.maximumPage) numbers"
            )
        }
    }
}

struct ReplayDocument: Encodable {
    let replayed: Int
}
