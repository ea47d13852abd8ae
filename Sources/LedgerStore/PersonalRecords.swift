import Disclosures
import Primitives

/// What the ledger tells of people: what was recorded and disclosed of them, and how it forgets them.
package protocol PersonalRecords: DisclosureLog {
    /// Whether there is anything about `participant`, and whether it was erased.
    func standing(of participant: ParticipantID) async throws(LedgerError) -> PersonalStanding

    /// The rooms whose logs have events about `participant`.
    func rooms(of participant: ParticipantID) async throws(LedgerError) -> [RoomName]

    /// The events of a room's log about `participant` after `sequence`, oldest first, at most `limit`.
    func events(
        about participant: ParticipantID,
        room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(LedgerError) -> [ConsentEvent]

    /// A page of what was disclosed of `participant`, behind row `after`.
    func accounting(
        of participant: ParticipantID,
        after: Int64,
        limit: Int
    ) async throws(LedgerError) -> DisclosureAccounting

    /// The same with proofs as far as it is published.
    func accountingDocument(
        of participant: ParticipantID,
        after: Int64,
        limit: Int
    ) async throws(LedgerError) -> AccountingDocument

    /// What operators looked at about `participant`, oldest first.
    func operatorReads(of participant: ParticipantID) async throws(LedgerError) -> [OperatorReadAccount]

    /// Who is affected by a breach, the lines after `offset`, at most `limit`.
    func breach(
        _ filter: BreachFilter,
        offset: Int,
        limit: Int
    ) async throws(LedgerError) -> BreachReport

    /// Counts over the intervals that ended in a month that is over, of those who agreed to be counted, each in the
    /// rooms in which they did; lines about fewer than `crowd` are left out.
    ///
    /// Made when it is first asked for, by the consents of that moment, and the same ever after.
    func statistics(
        of month: CalendarMonth,
        crowd: Int,
        now: WallClockTime
    ) async throws(LedgerError) -> DisclosureStatistics

    /// The display fields of `participant` in a room; `nil` where nothing was corrected.
    func profile(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(LedgerError) -> ParticipantProfile?

    /// Keeps the display fields of `participant` in a room, in the place of those before.
    func keep(
        _ profile: ParticipantProfile,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(LedgerError)

    /// Writes down that `participant` is to be erased, unless that stands there or was done.
    func requestErasure(
        of participant: ParticipantID,
        by requester: ErasureJob.Requester,
        at time: WallClockTime
    ) async throws(LedgerError)

    /// The erasure of `participant`; `nil` if nobody asked for one.
    func erasureJob(of participant: ParticipantID) async throws(LedgerError) -> ErasureJob?

    /// Who is to be erased and has not been.
    func pendingErasures() async throws(LedgerError) -> [ParticipantID]

    /// Rooms in which a hold keeps what there is about `participant`.
    func holdingRooms(of participant: ParticipantID) async throws(LedgerError) -> [RoomName]

    /// Erases `participant` unless a hold keeps something; answers whether it is done.
    ///
    /// Whoever keeps data elsewhere has erased it before: a name is known only until then.
    func carryOutErasure(
        of participant: ParticipantID,
        at time: WallClockTime
    ) async throws(LedgerError) -> Bool
}

extension SQLiteLedgerStore: PersonalRecords {}
