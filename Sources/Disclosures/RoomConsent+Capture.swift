import Primitives

/// What the log says of the moments at which stored media was captured.
enum CaptureJudgement: Hashable {
    /// Recording was agreed to all the time; it may be kept until then, if the grants say so.
    case agreed(keptUntil: WallClockTime?)
    case notAgreed
}

extension RoomConsent {
    /// Whether recording was agreed to at every moment of the stretch that `captured` is.
    ///
    /// Asks every state that the log had in that stretch. Where the civil clock was set back between two events,
    /// the state in between counts for all the time between their two readings, so that a jump only takes away.
    func judgeCapture(_ captured: CapturedMedia, of request: DisclosureRequest) -> CaptureJudgement {
        guard let audience = Audience(purpose: .recording, recipient: captured.recorder) else {
            return .notAgreed
        }
        var recording = request
        recording.audience = audience
        recording.recipientRegion = captured.recorderRegion

        let own = participants[request.participant]?.captureHistory ?? []
        let history = (own + room.captureHistory).sorted { $0.sequence < $1.sequence }
        guard let first = history.first, first.time <= captured.from else { return .notAgreed }
        var state = RoomConsent()
        var kept: Int64?
        for (index, event) in history.enumerated() {
            state.overlay(event)
            let next = index + 1 < history.count ? history[index + 1] : nil
            if let epochs = captured.epochs, epochs.upperBound >= event.sequence,
                next.map({ epochs.lowerBound < $0.sequence }) ?? true
            {
                let last = captured.until.advanced(byNanoseconds: -1)
                let moment = min(max(captured.from, event.time), last)
                guard case .permit = state.judge(recording, at: moment) else { return .notAgreed }
            }
            let end = next.map { max($0.time, event.time) } ?? captured.until
            var from = max(captured.from, min(next?.time ?? event.time, event.time))
            let until = min(captured.until, end)
            guard from < until else { continue }
            kept = [kept, state.shortestRetention(of: request.participant, captured)].compactMap(\.self).min()
            while from < until {
                guard case .permit(let grantEnd, _) = state.judge(recording, at: from) else {
                    return .notAgreed
                }
                guard let grantEnd, grantEnd < until else { break }
                from = grantEnd
            }
        }
        kept = [kept, room.rules.retentionSeconds].compactMap(\.self).min()
        return .agreed(keptUntil: kept.map { captured.from.advanced(bySeconds: $0) })
    }

    /// The shortest time to keep that any grant to the recorder names, whether it governs or not.
    private func shortestRetention(of participant: ParticipantID, _ captured: CapturedMedia) -> Int64? {
        records(of: participant).map(\.statement)
            .filter { $0.permits && $0.purpose == .recording && $0.recipient == captured.recorder }
            .compactMap(\.terms.retentionSeconds).min()
    }
}

extension WallClockTime {
    /// This time moved by whole seconds; saturates instead of overflowing.
    func advanced(bySeconds seconds: Int64) -> WallClockTime {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return advanced(byNanoseconds: overflow ? (seconds < 0 ? .min : .max) : product)
    }
}
