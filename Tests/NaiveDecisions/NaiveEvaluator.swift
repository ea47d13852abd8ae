import Disclosures
import Primitives

/// A second, slow evaluator that asks one question after the other of the whole log; written from the rules,
/// not from `decide`.
package struct NaiveEvaluator {
    package enum Answer: Hashable {
        case permit(notAfter: MonotonicTime, grant: UInt64)
        case deny(DenyReason)
    }

    /// What is known at one moment: until when, by which event; or why not.
    enum Finding {
        case permit(until: WallClockTime?, grant: UInt64)
        case deny(DenyReason)
    }

    package let events: [ConsentEvent]

    package init(events: [ConsentEvent]) {
        self.events = events
    }

    package func answer(_ request: DisclosureRequest, now: ClockReading) -> Answer {
        let epoch = events.last?.sequence ?? 0
        if let expected = request.expectedEpoch, expected != epoch { return .deny(.staleEpoch) }
        if let captured = request.captured, captured.until <= captured.from { return .deny(.malformed) }
        let log = NaiveLog(events: events)
        var ends: [WallClockTime?] = []
        var grant = 0 as UInt64
        switch log.finding(request, at: now.wall) {
        case .deny(let reason): return .deny(reason)
        case .permit(let until, let sequence):
            ends.append(until)
            grant = sequence
        }
        // What the law compels asks neither when it was captured nor who else is on air.
        if request.audience.recipientClass != .authority {
            let isOfStoredMedia = [.replayRoom, .download].contains(request.audience.purpose)
            if let captured = request.captured {
                guard log.hasAgreedToRecording(request, captured) else { return .deny(.capturedWithout) }
                if let kept = log.keptUntil(request, captured) {
                    guard now.wall < kept else { return .deny(.expired) }
                    ends.append(kept)
                }
            } else if isOfStoredMedia {
                return .deny(.capturedWithout)
            } else if log.rules.consentRule == .allParty,
                [.recording, .rebroadcast, .transcription].contains(request.audience.purpose)
            {
                guard let onAir = request.onAir else { return .deny(.allParty) }
                for track in onAir {
                    var about = request
                    (about.participant, about.media) = (track.participant, track.media)
                    (about.stream, about.session) = (track.stream, track.session)
                    about.carried = track.carried
                    guard case .permit(let until, _) = log.finding(about, at: now.wall) else {
                        return .deny(.allParty)
                    }
                    ends.append(until)
                }
            }
        }
        let deadlines = ends.compactMap(\.self).map { now.monotonicDeadline(for: $0) }
        return .permit(notAfter: deadlines.min() ?? .distantFuture, grant: grant)
    }
}
