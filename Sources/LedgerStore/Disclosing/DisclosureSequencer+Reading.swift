import Disclosures
import Foundation
import GRDB
import Primitives
import TransparencyLogs

extension DisclosureSequencer {
    private static let openSelection = """
        SELECT disclosure.id, disclosure.interval, disclosure.purpose, disclosure.recipient_class,
            disclosure.media, disclosure.basis, disclosure.epoch, disclosure.grant_sequence, disclosure.notice_sha256,
            disclosure.began, leaf.bytes AS opened, entry.kind, entry.time, entry.packets, entry.bytes
        FROM open_disclosure
        JOIN disclosure ON disclosure.id = open_disclosure.disclosure
        JOIN leaf ON leaf.idx = disclosure.leaf
        JOIN disclosure_entry AS entry ON entry.leaf =
            (SELECT max(leaf) FROM disclosure_entry WHERE disclosure = disclosure.id)
        """

    /// The intervals that have begun and not ended, with the commitments of the leaves that opened them:
    /// their participants may have been erased since.
    static func openDisclosures(_ connection: Database) throws -> [String: OpenDisclosure] {
        var found: [String: OpenDisclosure] = [:]
        let rows = try Row.fetchCursor(connection, sql: openSelection)
        while let row = try rows.next() {
            let id = Hexadecimal.encode(row["interval"] as Data)
            guard let commitments = PublishedCommitments(leaf: [UInt8](row["opened"] as Data)),
                let participant = commitments.participant, let room = commitments.room,
                let stream = commitments.stream, let session = commitments.session,
                let kind = DisclosureEntry.Kind(word: row["kind"], reason: nil)
            else { throw LedgerError.unusable("the leaf that opened interval \(id) cannot be read") }
            let leaf = DisclosureLeaf(
                kind: kind,
                interval: id,
                participant: participant,
                room: room,
                stream: stream,
                session: session,
                recipient: commitments.recipient,
                recipientClass: row["recipient_class"],
                purpose: row["purpose"],
                media: DisclosureRow.media(row["media"]),
                basis: row["basis"],
                epoch: row["epoch"],
                grant: row["grant_sequence"],
                notice: row["notice_sha256"],
                from: WallClockTime(nanosecondsSince1970: row["began"]),
                time: WallClockTime(nanosecondsSince1970: row["time"]),
                packets: row["packets"],
                bytesSent: row["bytes"]
            )
            found[id] = OpenDisclosure(row: row["id"], leaf: leaf)
        }
        return found
    }
}
