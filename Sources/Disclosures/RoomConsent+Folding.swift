import Primitives

extension RoomConsent {
    /// Takes the log's next event; one that is not newer than the epoch changes nothing.
    package mutating func apply(_ event: ConsentEvent) {
        guard event.sequence > epoch else { return }
        epoch = event.sequence
        overlay(event)
        remember(event)
    }

    /// Puts an event in force that the log does not hold (yet), leaving the epoch and the history as they are.
    package mutating func overlay(_ event: ConsentEvent) {
        switch event.content {
        case .statement(let statement):
            let key = statement.key
            if statement.state == .unknown {
                participants[key.participant]?.records[key] = nil
            } else {
                let earlier = participants[key.participant]?.records[key]?.statement
                participants[key.participant, default: Participant()].records[key] = ConsentRecord(
                    sequence: event.sequence,
                    time: event.time,
                    statement: statement.keepingRefusal(of: earlier)
                )
            }
        case .notice(let notice):
            for purpose in notice.purposes {
                room.requirements[purpose]?.follow(notice, sequence: event.sequence)
                if room.requirements[purpose] == nil {
                    room.requirements[purpose] = NoticeRequirement(notice, sequence: event.sequence)
                }
            }
            room.notices.append(notice)
            setController(notice.controller, event)
        case .rules(let rules):
            room.recordedOnlySince = rules.isRecordedOnly ? (room.recordedOnlySince ?? event.time) : nil
            room.rules = rules
        case .principal(let status):
            let watermark = Watermark(sequence: event.sequence, time: event.time)
            if status.isDeactivated {
                participants[status.participant, default: Participant()].ended = watermark
            }
            participants[status.participant, default: Participant()].status = status
        case .demand(let demand):
            participants[demand.participant, default: Participant()].demands[demand.id] = RecordedDemand(
                sequence: event.sequence,
                demand: demand
            )
        case .hold(let hold):
            participants[hold.participant, default: Participant()].holds[hold.id] = hold
        case .controller(let change):
            setController(change.controller, event)
        case .erased:
            break
        }
    }

    /// A notice that names another controller than the one known changes the controller too.
    private mutating func setController(_ controller: String, _ event: ConsentEvent) {
        guard room.controller != controller else { return }
        // The first one named is who was there all along, unless it is announced as a change.
        let isAnnounced = event.content.key == .controller
        if room.controller != nil || isAnnounced {
            room.controllerSince = Watermark(sequence: event.sequence, time: event.time)
        }
        room.controller = controller
    }

    /// Keeps what a later question about stored media needs.
    private mutating func remember(_ event: ConsentEvent) {
        switch event.content {
        case .statement(let statement):
            guard statement.purpose == .recording else { return }
            participants[statement.participant, default: Participant()].captureHistory.append(event)
        case .principal(let status):
            participants[status.participant, default: Participant()].captureHistory.append(event)
        case .hold(let hold):
            participants[hold.participant, default: Participant()].captureHistory.append(event)
        case .notice, .rules, .controller:
            room.captureHistory.append(event)
        case .demand, .erased:
            break
        }
    }
}
