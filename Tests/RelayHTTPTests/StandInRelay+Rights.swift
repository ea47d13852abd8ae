import Disclosures
import Primitives
import RoomControl
import Synchronization

/// What the stand-in was asked about people.
struct RightsAsked {
    var standing: RightsStanding
    var reads: [PersonalRead] = []
    /// Whether an operator asked.
    var erasures: [Bool] = []
    var isErasurePending = false
    var corrections: [DisplayCorrection] = []
    var breaches: [(question: BreachQuestion, offset: Int, limit: Int)] = []
    var pages: [(proofs: Bool, after: Int64, limit: Int)] = []
    var months: [(month: CalendarMonth, crowd: Int)] = []
}

extension StandInRelay {
    func standing(of participant: ParticipantID) async throws(RelayProblem) -> RightsStanding {
        if let problem { throw problem }
        return rights.withLock { $0.standing }
    }

    func record(_ read: PersonalRead) async throws(RelayProblem) {
        if let problem { throw problem }
        rights.withLock { $0.reads.append(read) }
    }

    func disclosures(
        of participant: ParticipantID,
        proofs: Bool,
        after: Int64,
        limit: Int
    ) async throws(RelayProblem) -> RightsPage {
        rights.withLock { $0.pages.append((proofs, after, limit)) }
        return RightsPage(
            json: #"{"disclosures":[],"operator_reads":[],"participant":"\#(participant.text)"}"#,
            next: after == 0 ? 17 : nil
        )
    }

    func export(of participant: ParticipantID) async throws(RelayProblem) -> any ExportSource {
        StandInExport(participant)
    }

    func requestErasure(
        of participant: ParticipantID,
        byOperator: Bool
    ) async throws(RelayProblem) -> ErasureAnswer {
        rights.withLock { $0.erasures.append(byOperator) }
        return ErasureAnswer(json: #"{"state":"pending"}"#, isDone: false)
    }

    func erasure(of participant: ParticipantID) async throws(RelayProblem) -> ErasureAnswer? {
        rights.withLock { asked in
            guard !asked.erasures.isEmpty else { return nil }
            return asked.isErasurePending
                ? ErasureAnswer(json: #"{"state":"pending"}"#, isDone: false)
                : ErasureAnswer(json: #"{"state":"done"}"#, isDone: true)
        }
    }

    func displayFields(
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> ParticipantProfile {
        ParticipantProfile(displayName: "Ada L.", fields: ["pronouns": "she/her"])
    }

    func correct(
        _ correction: DisplayCorrection,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) {
        rights.withLock { $0.corrections.append(correction) }
    }

    func breach(
        _ question: BreachQuestion,
        offset: Int,
        limit: Int
    ) async throws(RelayProblem) -> RightsPage {
        rights.withLock { $0.breaches.append((question, offset, limit)) }
        return RightsPage(json: #"{"affected":[]}"#, next: offset == 0 ? Int64(limit) : nil)
    }

    func statistics(of month: CalendarMonth, crowd: Int) async throws(RelayProblem) -> String {
        rights.withLock { $0.months.append((month, crowd)) }
        return #"{"lines":[]}"#
    }
}

/// An archive of three files, one of them under a long path.
private actor StandInExport: ExportSource {
    private var records: [ExportedRecord]

    init(_ participant: ParticipantID) {
        let long = "receipts/" + String(repeating: "x", count: 90) + "/" + String(repeating: "y", count: 60)
        records = [
            .file(ExportedFile(path: long, bytes: Array(repeating: 0x61, count: 512))),
            .notice(sha256: "ab", NoticeWords(language: "en", text: "What happens.")),
            .about(participant, rooms: [], at: StandInRelay.effectiveAt),
        ]
    }

    func next() async throws(RelayProblem) -> ExportedRecord? { records.popLast() }
}
