import Disclosures
import Primitives
import TransparencyLogs
import Webhooks

extension WebhookEvent {
    private struct Statement: Encodable {
        let statement: ConsentStatement
        let sequence: UInt64
        let room: RoomName

        private enum CodingKeys: String, CodingKey {
            case room
            case sequence
            case participant
            case purpose
            case recipientClass = "recipient_class"
            case recipient
            case stream
            case session
            case state
            case media
            case from
            case until
            case source
            case givenAt = "given_at"
            case notice
            case receipt
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(room.text, forKey: .room)
            try container.encode(sequence, forKey: .sequence)
            try container.encode(statement.participant.text, forKey: .participant)
            try container.encode(statement.purpose.rawValue, forKey: .purpose)
            try container.encode(statement.recipientClass.rawValue, forKey: .recipientClass)
            try container.encodeIfPresent(statement.recipient, forKey: .recipient)
            try container.encodeIfPresent(statement.stream, forKey: .stream)
            try container.encodeIfPresent(statement.session, forKey: .session)
            try container.encode(statement.state.rawValue, forKey: .state)
            try container.encode(statement.media.map(\.rawValue).sorted(), forKey: .media)
            try container.encodeIfPresent(statement.validity.from?.rfc3339, forKey: .from)
            try container.encodeIfPresent(statement.validity.until?.rfc3339, forKey: .until)
            try container.encode(statement.source.rawValue, forKey: .source)
            try container.encode(statement.givenAt.rfc3339, forKey: .givenAt)
            let notice = statement.notice.map { Notice(id: $0.id, version: $0.version, sha256: $0.sha256) }
            try container.encodeIfPresent(notice, forKey: .notice)
            let path = RecordedStatement.receiptPath(sequence, of: statement.participant, in: room)
            try container.encode(path, forKey: .receipt)
        }
    }

    private struct Notice: Encodable {
        var id: String
        var version: String
        var sha256: String
    }

    private struct Publication: Encodable {
        var room: String
        var sequence: UInt64
        var id: String
        var version: String
        var language: String
        var sha256: String
        var controller: String
        var change: String
        var purposes: [String]
    }

    private struct Hold: Encodable {
        var room: String
        var sequence: UInt64
        var participant: String
        var hold: String
        var purposes: [String]
        var stream: String?
    }

    private struct Controller: Encodable {
        var room: String
        var sequence: UInt64
        var controller: String
    }

    /// What other systems are told of an event of a room's log; `nil` for what is nobody's but the room's.
    ///
    /// Legal demands are not told: who is compelled may be forbidden to say so. `ledger` is the ledger's name, which
    /// keeps the identifiers of two relays apart.
    init?(_ event: ConsentEvent, in room: RoomName, ledger: String) {
        guard let type = Self.type(of: event.content) else { return nil }
        // The same however often it is told, so that receivers can tell a repetition.
        let name = [ledger, room.text, String(event.sequence)].joined(separator: "\0")
        let id = "msg_" + MerkleHash(sha256Of: Array(name.utf8)).hexadecimal.prefix(32)
        func make(_ data: some Encodable) -> WebhookEvent {
            WebhookEvent(
                type,
                room: room,
                sequence: event.sequence,
                subject: event.subject.participant,
                at: event.time,
                id: id,
                data: data
            )
        }
        switch event.content {
        case .statement(let statement):
            self = make(Statement(statement: statement, sequence: event.sequence, room: room))
        case .notice(let notice):
            self = make(
                Publication(
                    room: room.text,
                    sequence: event.sequence,
                    id: notice.id,
                    version: notice.version,
                    language: notice.language,
                    sha256: notice.sha256,
                    controller: notice.controller,
                    change: notice.change.rawValue,
                    purposes: notice.purposes.map(\.rawValue).sorted()
                )
            )
        case .hold(let hold):
            self = make(
                Hold(
                    room: room.text,
                    sequence: event.sequence,
                    participant: hold.participant.text,
                    hold: hold.id,
                    purposes: hold.purposes.map(\.rawValue).sorted(),
                    stream: hold.stream
                )
            )
        case .controller(let change):
            self = make(
                Controller(room: room.text, sequence: event.sequence, controller: change.controller)
            )
        case .rules, .principal, .demand, .erased: return nil
        }
    }

    /// The type that an event of a room's log is told as; `nil` if it is not told.
    static func type(of content: ConsentEvent.Content) -> WebhookEventType? {
        switch content {
        case .statement(let statement):
            switch statement.state {
            case .given: .consentGiven
            case .renewed: .consentRenewed
            case .withdrawn: .consentWithdrawn
            case .refused: .consentRefused
            case .revoked, .invalidated: .consentRevoked
            case .expired: .consentExpired
            case .unknown, .requested, .requestDeferred: nil
            }
        case .notice: .noticePublished
        case .controller: .controllerChanged
        case .hold(let hold): hold.isLifted ? .holdLifted : .holdPlaced
        case .rules, .principal, .demand, .erased: nil
        }
    }
}
