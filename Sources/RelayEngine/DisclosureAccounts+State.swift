import Disclosures
import Primitives
import Rooms

extension DisclosureAccounts {
    struct GateKey: Hashable, Sendable {
        let track: TrackID
        let audience: AudienceID

        init(_ track: TrackID, _ audience: AudienceID) {
            self.track = track
            self.audience = audience
        }

        init(_ gate: DisclosureGate) { self.init(gate.track, gate.audience) }
    }

    /// What the room's authority said last of a gate.
    enum GateState: Sendable {
        case open(opening: UInt64, Ground)
        case closed(DenyReason?, epoch: UInt64)
    }

    /// What a gate is open by, and so the intervals behind it.
    struct Ground: Sendable {
        let epoch: UInt64
        let grant: UInt64
        let basis: Permit.Basis
        let notice: NoticeReference?
    }

    struct Line: Sendable {
        let assignment: LineAssignment
        /// The account that the line is, or is about to be, admitted in.
        var account: AccountID?
        /// The reason that a refusal was last written for.
        var refused: DenyReason?
        var isWanting = false
        var isRefusable = false
    }

    struct Account: Sendable {
        let id: AccountID
        let line: LineName
        let opening: UInt64
        var isPosted = false
        var isFinal = false
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
    }

    struct Interval: Sendable {
        enum Phase: Sendable {
            case writing
            /// Its `opened` may be in the ledger, or not: it is written again.
            case doubtful
            case open
        }

        let interval: DisclosureInterval
        let from: WallClockTime
        var phase = Phase.writing
        var accounts: [Account] = []
        /// A line has left it: those that stay need one of their own.
        var isBroken = false
        var hasProgress = false
        var countedAt: WallClockTime
    }

    struct Write: Sendable {
        let startedAt: MonotonicTime
        var openings: [UInt64] = []
        var entries: [DisclosureEntry] = []

        var count: Int { openings.count + entries.count }

        var halves: [Write] {
            let (firstOpenings, firstEntries) = (openings.prefix(count / 2), entries.prefix(count / 2))
            return [
                Write(startedAt: startedAt, openings: Array(firstOpenings), entries: Array(firstEntries)),
                Write(
                    startedAt: startedAt,
                    openings: Array(openings.dropFirst(firstOpenings.count)),
                    entries: Array(entries.dropFirst(firstEntries.count))
                ),
            ]
        }
    }
}
