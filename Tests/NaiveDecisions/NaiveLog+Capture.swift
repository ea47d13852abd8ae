import Disclosures
import Primitives

extension NaiveLog {
    /// Whether recording was agreed to at every moment of the capture: asked at each moment at which the answer can
    /// change, of each state that the moment may belong to.
    func hasAgreedToRecording(_ request: DisclosureRequest, _ captured: CapturedMedia) -> Bool {
        guard let audience = Audience(purpose: .recording, recipient: captured.recorder) else { return false }
        var question = request
        question.audience = audience
        question.recipientRegion = captured.recorderRegion
        let history = captureHistory(of: request.participant)
        guard let first = history.first, first.time <= captured.from else { return false }
        var moments: Set<Int64> = [captured.from.nanosecondsSince1970]
        for event in history {
            let bounds = [event.time, event.statement?.validity.from, event.statement?.validity.until]
            moments.formUnion(bounds.compactMap { $0?.nanosecondsSince1970 })
        }
        let inside = moments.map { WallClockTime(nanosecondsSince1970: $0) }
            .filter { captured.from <= $0 && $0 < captured.until }
        return history.indices.allSatisfy { index in
            let state = NaiveLog(events: Array(history[...index]))
            let begins = history[index].time
            let ends = index + 1 < history.count ? history[index + 1].time : nil
            let (low, high) = (min(begins, ends ?? begins), max(begins, ends ?? captured.until))
            var asked = inside.filter { low <= $0 && $0 < high }
            // The stretch of this state may begin after the capture does.
            if captured.from < low, low < captured.until, low < high { asked.append(low) }
            let nextSequence = index + 1 < history.count ? history[index + 1].sequence : .max
            if let epochs = captured.epochs, epochs.overlaps(history[index].sequence...(nextSequence - 1)) {
                let last = captured.until.advanced(byNanoseconds: -1)
                asked.append(min(max(begins, captured.from), last))
            }
            return asked.allSatisfy { moment in
                if case .permit = state.finding(question, at: moment) { return true }
                return false
            }
        }
    }

    /// The end of the shortest time to keep that the room or a grant to this recorder set in the stretch.
    func keptUntil(_ request: DisclosureRequest, _ captured: CapturedMedia) -> WallClockTime? {
        let history = captureHistory(of: request.participant)
        var seconds = [rules.retentionSeconds].compactMap(\.self)
        for index in history.indices {
            let begins = history[index].time
            let ends = index + 1 < history.count ? history[index + 1].time : nil
            let (low, high) = (min(begins, ends ?? begins), max(begins, ends ?? captured.until))
            guard max(low, captured.from) < min(high, captured.until) else { continue }
            let state = RoomConsent(folding: history[...index])
            for record in state.records(of: request.participant)
            where record.statement.permits && record.statement.purpose == .recording
                && record.statement.recipient == captured.recorder
            {
                if let own = record.statement.terms.retentionSeconds { seconds.append(own) }
            }
        }
        return seconds.min().map { seconds in
            captured.from.advanced(byNanoseconds: seconds.multipliedReportingOverflow(by: 1_000_000_000).0)
        }
    }

    private func captureHistory(of participant: ParticipantID) -> [ConsentEvent] {
        events.filter { event in
            switch event.content {
            case .statement(let said): said.participant == participant && said.purpose == .recording
            case .principal(let status): status.participant == participant
            case .hold(let hold): hold.participant == participant
            case .notice, .rules, .controller: true
            case .demand, .erased: false
            }
        }
    }
}
