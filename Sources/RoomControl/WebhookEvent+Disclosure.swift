import Disclosures
import Primitives
import Webhooks

extension WebhookEvent {
    private struct Disclosure: Encodable {
        let entry: DisclosureEntry

        private enum CodingKeys: String, CodingKey {
            case interval
            case room
            case participant
            case stream
            case purpose
            case recipientClass = "recipient_class"
            case recipient
            case session
            case media
            case basis
            case epoch
            case grant
            case from
            case time
            case packets
            case bytes
            case isInterrupted = "interrupted"
            case reason
        }

        func encode(to encoder: any Encoder) throws {
            let interval = entry.interval
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(interval.id, forKey: .interval)
            try container.encode(interval.room.text, forKey: .room)
            try container.encode(interval.participant.text, forKey: .participant)
            try container.encode(interval.stream, forKey: .stream)
            try container.encode(interval.audience.purpose.rawValue, forKey: .purpose)
            try container.encode(interval.audience.recipientClass.rawValue, forKey: .recipientClass)
            try container.encodeIfPresent(interval.audience.recipient, forKey: .recipient)
            try container.encode(interval.session, forKey: .session)
            try container.encode(interval.media.map(\.rawValue).sorted(), forKey: .media)
            try container.encodeIfPresent(interval.basis?.rawValue, forKey: .basis)
            try container.encode(interval.epoch, forKey: .epoch)
            try container.encodeIfPresent(interval.grant, forKey: .grant)
            try container.encode(entry.from.rfc3339, forKey: .from)
            try container.encode(entry.time.rfc3339, forKey: .time)
            if case .refused(let reason) = entry.kind {
                try container.encode(reason.rawValue, forKey: .reason)
                return
            }
            try container.encode(entry.packets, forKey: .packets)
            try container.encode(entry.bytes, forKey: .bytes)
            if entry.kind == .interrupted { try container.encode(true, forKey: .isInterrupted) }
        }
    }

    /// What other systems are told of an entry of the disclosure ledger; `nil` for counts in between, and for what
    /// the law compels.
    init?(_ entry: DisclosureEntry) {
        guard let type = Self.type(of: entry.kind), entry.interval.basis != .legalDemand else { return nil }
        self.init(
            type,
            room: entry.interval.room,
            subject: entry.interval.participant,
            at: entry.time,
            // One of each type: an interval that is told to end twice, as after a kill, has ended once.
            id: "msg_\(entry.interval.id)_\(type.rawValue.split(separator: ".").last ?? "")",
            data: Disclosure(entry: entry)
        )
    }

    /// The type that an entry of the ledger is told as; `nil` if it is not told.
    static func type(of kind: DisclosureEntry.Kind) -> WebhookEventType? {
        switch kind {
        case .opened: .disclosureOpened
        case .closed, .interrupted: .disclosureClosed
        case .refused: .disclosureRefused
        case .progress: nil
        }
    }
}
