import Disclosures
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Primitives
import RoomControl

extension JSONAnswer {
    /// An answer whose JSON is there already.
    init(json: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) {
        self.init([String: String](), status: status, headers: headers)
        body = ByteBuffer(string: json)
    }
}

extension RelayProblem {
    static func malformedSpan(_ detail: String) -> RelayProblem {
        RelayProblem("malformed-span", status: 422, detail: detail)
    }
}

/// The body of `POST /v1/breaches/query`.
struct BreachQueryDocument: Decodable {
    /// More than the partners of one relay.
    static let maximumRecipients = 256
    /// Longer than any name that the ledger gives a session.
    static let maximumSession = 128

    let from: WallClockTime?
    let until: WallClockTime?
    let purpose: Purpose?
    let recipients: Set<String>
    let session: String?
    let room: RoomName?

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case from
        case until
        case purpose
        case recipients
        case session
        case room
    }

    init(from decoder: any Decoder) throws {
        try refuseUnknownMembers(of: decoder, known: CodingKeys.allCases.map(\.rawValue))
        let container = try decoder.container(keyedBy: CodingKeys.self)
        for key in container.allKeys where try container.decodeNil(forKey: key) {
            throw DecodingError.dataCorruptedError(
                forKey: key,
                in: container,
                debugDescription: "is null; leave it out instead"
            )
        }
        from = try named(.from, in: container, timeForm) { WallClockTime(rfc3339: $0) }
        until = try named(.until, in: container, timeForm) { WallClockTime(rfc3339: $0) }
        purpose = try named(.purpose, in: container, known(Purpose.self)) { Purpose(rawValue: $0) }
        recipients = Set(try container.decodeIfPresent([String].self, forKey: .recipients) ?? [])
        session = try container.decodeIfPresent(String.self, forKey: .session)
        room = try container.decodeIfPresent(RoomName.self, forKey: .room)
        guard recipients.count <= Self.maximumRecipients,
            recipients.allSatisfy({ Audience(purpose: .liveEmbed, recipient: $0) != nil })
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .recipients,
                in: container,
                debugDescription: "takes at most \(Self.maximumRecipients) names of 1 to 64 characters of "
                    + "a-z A-Z 0-9 - _ ."
            )
        }
        guard session?.unicodeScalars.count ?? 0 <= Self.maximumSession else {
            throw DecodingError.dataCorruptedError(
                forKey: .session,
                in: container,
                debugDescription: "has more than \(Self.maximumSession) characters"
            )
        }
        guard from != nil, until != nil else {
            throw DecodingError.dataCorruptedError(
                forKey: from == nil ? .from : .until,
                in: container,
                debugDescription: "is missing"
            )
        }
    }

    /// 422 for a span that is none.
    var question: BreachQuestion {
        get throws(RelayProblem) {
            guard let from, let until, from < until else {
                throw .malformedSpan("from is before until")
            }
            return BreachQuestion(
                span: from..<until,
                purpose: purpose,
                recipients: recipients,
                session: session,
                room: room
            )
        }
    }
}
