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

/// The days that statistics are asked for: `?from=2026-01-01&until=2026-02-01`, the last one not included.
struct StatisticsSpan {
    let from: WallClockTime
    let until: WallClockTime

    /// 400 where a day is missing or is none, 422 where they are in the wrong order.
    init(_ request: Request) throws(RelayProblem) {
        let parameters = request.uri.queryParameters
        guard let from = parameters["from"], let until = parameters["until"], Self.isDate(from),
            Self.isDate(until)
        else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "from and until are days of the form 2026-01-31 (UTC)"
            )
        }
        guard let start = WallClockTime(rfc3339: "\(from)T00:00:00Z"),
            let end = WallClockTime(rfc3339: "\(until)T00:00:00Z"), start < end
        else { throw .malformedSpan("from is a day before until, and both are days of our time") }
        self.from = start
        self.until = end
    }

    /// The days that are over at `today`; empty where there are none.
    func range(until today: WallClockTime) -> Range<WallClockTime> {
        from..<max(from, min(until, today))
    }

    private static func isDate(_ text: Substring) -> Bool {
        text.utf8.count == 10
            && text.utf8.enumerated().allSatisfy { place, byte in
                place == 4 || place == 7 ? byte == 0x2D : (0x30...0x39).contains(byte)
            }
    }
}

extension WallClockTime {
    /// The first moment of this day (UTC): what is counted later cannot be told apart by asking twice a day.
    static var startOfToday: WallClockTime {
        let day = 86_400
        let seconds = Int(Date().timeIntervalSince1970)
        return WallClockTime(nanosecondsSince1970: Int64(seconds - seconds % day) * 1_000_000_000)
    }
}
