import Disclosures
import LedgerStore
import Logging
import Primitives
import TransparencyLogs
import Webhooks

extension RelayControl {
    /// Leaves to be told once more what an earlier process may have left untold: events of the rooms' logs behind
    /// `told` and not before `since`, and the ends of the intervals that it left open.
    ///
    /// To be called before anything new happens, as events of a room are told in their order. Receivers know
    /// repetitions by their identifiers.
    package func tellAgain(told: [RoomName: UInt64], since: WallClockTime) async {
        let outbox = environment.outbox
        do {
            for room in try await environment.log.rooms() {
                let events = try await environment.log.read(room: room, after: told[room] ?? 0)
                for event in events where event.time >= since { environment.tell(event, in: room) }
                if let last = events.last { outbox.reach(last.sequence, in: room) }
            }
            let ends = try await environment.disclosures.interruptedDisclosures()
            for end in ends where end.time >= since { environment.tell(end) }
        } catch {
            logger.error("what was not told before cannot be read", metadata: ["error": "\(error)"])
        }
    }
}

extension RoomEnvironment {
    /// Leaves an event of a room's log for other systems; never waits.
    func tell(_ event: ConsentEvent, in room: RoomName) {
        guard let type = WebhookEvent.type(of: event.content), outbox.wants(type),
            let news = WebhookEvent(event, in: room, ledger: ledger.verifierKey.name.text)
        else { return }
        outbox.emit(news)
    }

    /// Leaves an entry of the disclosure ledger for other systems; never waits.
    func tell(_ entry: DisclosureEntry) {
        guard let type = WebhookEvent.type(of: entry.kind), outbox.wants(type),
            let news = WebhookEvent(entry)
        else { return }
        outbox.emit(news)
    }
}
