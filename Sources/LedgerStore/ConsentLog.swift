import Disclosures
import Primitives

/// What can go wrong with the ledger, by what the caller does about it.
package enum LedgerError: Error, Sendable, Hashable {
    /// Nothing can be written or read at the moment; later it may work again. Says what was attempted and why.
    case unavailable(String)
    /// The room's log does not end where the caller believes; read it and decide again.
    case conflict(room: RoomName, expected: UInt64, found: UInt64)
    /// The file is not a ledger that this program can use: start-up ends here.
    case unusable(String)
    /// A disclosure entry cannot follow what the ledger says of its interval; repeating it does not help.
    case contradiction(String)
}

/// The words of the notices that events name by their digest.
package protocol NoticeArchive: Sendable {
    /// Stores a text unless it is there.
    func store(_ text: NoticeText) async throws(LedgerError)

    /// The text of that digest; `nil` if there is none.
    func noticeText(sha256: String) async throws(LedgerError) -> NoticeText?
}

/// The durable logs of all rooms, with events of every kind, and the heartbeat that proves that they can be written.
///
/// The seam beyond one machine: whatever implements it decides alone what is durable.
package protocol ConsentLog: Sendable {
    /// Makes `events` durable, all or none; their sequences continue the room's log without a gap.
    ///
    /// Returns once they survive the loss of power. After `unavailable` they may or may not be there.
    func append(_ events: [ConsentEvent], room: RoomName) async throws(LedgerError)

    /// The events of `room` after `sequence`, to the log's end and in its order.
    func read(room: RoomName, after sequence: UInt64) async throws(LedgerError) -> [ConsentEvent]

    /// The room's own events and those about `participant`, up to `sequence` and in the log's order.
    ///
    /// Takes its time beside whatever is being written: for answers that nobody's media waits for.
    func read(
        room: RoomName,
        about participant: ParticipantID,
        through sequence: UInt64
    ) async throws(LedgerError) -> [ConsentEvent]

    /// Every room that has a log.
    func rooms() async throws(LedgerError) -> [RoomName]

    /// The rooms whose logs have events about `participant`.
    func rooms(of participant: ParticipantID) async throws(LedgerError) -> [RoomName]

    /// Writes durably and returns: proof that an append would have succeeded.
    func heartbeat() async throws(LedgerError)
}
