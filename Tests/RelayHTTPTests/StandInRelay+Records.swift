import Disclosures
import Foundation
import LedgerStore
import Primitives
import RoomControl
import TransparencyLogs

/// Three statements of everybody in every room, and a ledger whose log is a folder that a test may fill.
extension StandInRelay {
    static let ledgerKeyText = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    /// Given, withdrawn, given again.
    static func statements(of participant: ParticipantID) -> [ConsentEvent] {
        [ConsentState.given, .withdrawn, .given].enumerated().map { index, state in
            ConsentEvent(
                sequence: UInt64(index) + 1,
                time: effectiveAt,
                statement: ConsentStatement(
                    participant: participant,
                    purpose: .liveRoom,
                    state: state,
                    media: state.permits ? MediaType.live : [],
                    source: .api,
                    givenAt: effectiveAt
                )
            )
        }
    }

    func recordedStatement(
        at sequence: UInt64,
        of participant: ParticipantID,
        in room: RoomName
    ) async throws(RelayProblem) -> RecordedStatement? {
        let events = Self.statements(of: participant).filter { $0.sequence <= sequence }
        guard let last = events.last, last.sequence == sequence, let statement = last.statement else {
            return nil
        }
        return RecordedStatement(room: room, statement: statement, events: events)
    }

    func statements(
        of participant: ParticipantID,
        in room: RoomName,
        after sequence: UInt64,
        limit: Int
    ) async throws(RelayProblem) -> [ConsentEvent] {
        Array(Self.statements(of: participant).filter { $0.sequence > sequence }.prefix(limit))
    }

    var ledgerKey: VerifierKey {
        guard let key = VerifierKey(text: Self.ledgerKeyText) else { preconditionFailure("no key") }
        return key
    }

    func ledgerFile(_ resource: LogResource) async throws(RelayProblem) -> [UInt8]? {
        switch resource {
        case .checkpoint: Array("a checkpoint\n".utf8)
        case .tile(let id) where id.isFull: [UInt8](repeating: 7, count: 8192)
        default: nil
        }
    }

    func ledgerHealth() async throws(RelayProblem) -> LedgerHealth {
        LedgerHealth(
            leaves: 300,
            published: LedgerHealth.Published(size: 299, root: "root", time: Self.effectiveAt),
            openIntervals: 2,
            interruptedIntervals: 1,
            publicationFailures: publicationFailure == nil ? 0 : 4,
            failure: publicationFailure
        )
    }
}
