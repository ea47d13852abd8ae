import ConsentReceipts
import Crypto
import Disclosures
import Foundation
import Primitives
import RoomControl

/// Makes the receipts of recorded statements.
///
/// All that a receipt says follows from the room's log and the relay's own name, so that a receipt that is asked for
/// again is the same one, whenever and however often.
struct ReceiptIssuer: Sendable {
    let keys: ReceiptKeys
    /// The name of the relay's ledger: tells the receipts of two relays apart whose rooms have the same names.
    let origin: String
    /// Who runs the relay, and decides about a room's data where nobody else was named.
    let relayOperator: TallyConfiguration.Operator

    /// The receipt of a statement; `absolute` makes the URL of a path of this relay.
    func receipt(of recorded: RecordedStatement, absolute: (String) -> String) -> ConsentReceipt {
        let participant = recorded.statement.participant
        // A record that sees more events than a receipt holds goes on as another one.
        let limit = ConsentReceipt.maximumEvents
        let events = recorded.events.dropFirst(max(0, recorded.events.count - 1) / limit * limit)
        let sequences = events.map(\.sequence)
        return ConsentReceipt(
            receiptID: identifier("receipt", recorded.room, sequences.last ?? 0),
            recordID: identifier("record", recorded.room, sequences.first ?? 0),
            principalID: participant.text,
            controller: controller(of: recorded),
            grants: [ConsentReceipt.Grant(recorded, absolute: absolute)],
            events: events.compactMap { ConsentReceipt.Event($0) }
        )
    }

    /// A UUID of version 8 (RFC 9562 5.8) that names one place in one room's log for one use.
    private func identifier(_ use: String, _ room: RoomName, _ sequence: UInt64) -> UUID {
        let name = ["tally", use, origin, room.text, String(sequence)].joined(separator: "\0")
        var bytes = Array(SHA256.hash(data: Data(name.utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        return UUID(
            uuid: (
                bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
                bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]
            )
        )
    }

    /// Whoever the notice names, else whoever the room's log does, else whoever runs the relay.
    private func controller(of recorded: RecordedStatement) -> ConsentReceipt.Controller {
        func known(_ text: String) -> String? { text.isEmpty ? nil : FieldSpelling.shown(text) }
        let named = recorded.notice?.controller ?? recorded.controller
        if let named, named != relayOperator.name {
            let name = FieldSpelling.shown(named)
            return ConsentReceipt.Controller(id: name, name: name, address: nil, contact: nil)
        }
        return ConsentReceipt.Controller(
            id: known(relayOperator.name) ?? FieldSpelling.shown(origin),
            name: known(relayOperator.name) ?? FieldSpelling.shown("the operator of \(origin)"),
            address: known(relayOperator.address),
            contact: known(relayOperator.contact)
        )
    }
}
