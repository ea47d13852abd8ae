import Disclosures
import LedgerStore
import Primitives
import RelayRuntime

extension RelayControl: ParticipantRights {
    var records: any PersonalRecords { environment.records }

    package func standing(of participant: ParticipantID) async throws(RelayProblem) -> RightsStanding {
        let standing = try await logged { () async throws(LedgerError) in
            try await records.standing(of: participant)
        }
        return RightsStanding(isKnown: standing.isKnown, erasedAt: standing.erasedAt)
    }

    package func record(_ read: PersonalRead) async throws(RelayProblem) {
        try await logged { () async throws(LedgerError) in
            try await records.record(
                OperatorRead(
                    role: read.role,
                    scope: read.scope,
                    reason: read.reason,
                    participant: read.participant,
                    time: SystemClock.wall
                )
            )
        }
    }

    package func disclosures(
        of participant: ParticipantID,
        proofs: Bool,
        after: Int64,
        limit: Int
    ) async throws(RelayProblem) -> RightsPage {
        try await logged { () async throws(LedgerError) in
            if proofs {
                let page = try await records.accountingDocument(of: participant, after: after, limit: limit)
                return RightsPage(
                    json: RightsJSON.text(page),
                    next: page.next,
                    notices: Set(page.disclosures.compactMap(\.notice?.sha256))
                )
            }
            let page = try await records.accounting(of: participant, after: after, limit: limit)
            let reads = after > 0 ? [] : try await records.operatorReads(of: participant)
            return RightsPage(json: RightsJSON.disclosures(page, reads), next: page.next)
        }
    }

    package func export(of participant: ParticipantID) async throws(RelayProblem) -> any ExportSource {
        let rooms = try await logged { () async throws(LedgerError) in
            try await records.rooms(of: participant)
        }
        return ParticipantExport(of: participant, rooms: rooms, from: self, keepers: keepers)
    }

    package func breach(
        _ question: BreachQuestion,
        offset: Int,
        limit: Int
    ) async throws(RelayProblem) -> RightsPage {
        var filter = BreachFilter(
            span: question.span,
            purpose: question.purpose,
            session: question.session,
            room: question.room
        )
        filter.recipients = question.recipients
        let asked = filter
        // One more than asked for, so that the page knows whether there is another.
        let report = try await logged { () async throws(LedgerError) in
            try await records.breach(asked, offset: offset, limit: limit + 1)
        }
        let shown = BreachReport(lines: Array(report.lines.prefix(limit)))
        return RightsPage(
            json: RightsJSON.breach(shown),
            next: report.lines.count > limit ? Int64(offset + limit) : nil
        )
    }

    package func statistics(
        of month: CalendarMonth,
        crowd: Int
    ) async throws(RelayProblem) -> String {
        let now = SystemClock.wall
        guard month.span.upperBound <= now else {
            throw RelayProblem(
                "period-not-over",
                status: 422,
                detail: "there are statistics of whole months (UTC) that are over, and \(month.text) is not"
            )
        }
        let statistics = try await logged { () async throws(LedgerError) in
            try await records.statistics(of: month, crowd: crowd, now: now)
        }
        return RightsJSON.statistics(statistics, month)
    }

    // MARK: Display fields

    package func displayFields(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> ParticipantProfile {
        let stored = try await logged { () async throws(LedgerError) in
            try await records.profile(of: participant, in: room)
        }
        return stored ?? ParticipantProfile()
    }

    package func correct(
        _ correction: DisplayCorrection,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) {
        let live = try await enter(room, for: .narrowing)
        defer { leave(room) }
        // Judged after every wait, so that nothing comes in between.
        try refuse(whileErasing: participant)
        try await live.correct(correction, of: participant)
    }
}
