import ConsentAuthority
import Disclosures
import Primitives
import RelayEngine
import RelayRuntime
import Rooms

extension LiveRoom {
    /// What the door does now, in the order of tracks, then audiences.
    var tally: [TallyLine] {
        let places = Dictionary(uniqueKeysWithValues: audiences.map { ($0.value.id, $0) })
        var receiving: [GateName: Int] = [:]
        for viewing in viewings.values {
            for line in viewing.lines where line.state == .live {
                guard let track = line.track else { continue }
                receiving[GateName(track: track, audience: viewing.audienceID), default: 0] += 1
            }
        }
        return authority.overview(now: SystemClock.reading).entries.map { entry in
            let place = places[entry.audienceID]
            // The ledger may hold back what the door would let through.
            let isBlocked = accounts.isBlocked(stream: entry.stream, audience: entry.audience)
            let reason = entry.decision.denyReason ?? (isBlocked ? .logUnavailable : nil)
            return TallyLine(
                stream: entry.stream,
                participant: entry.participant.text,
                media: entry.media.rawValue,
                purpose: entry.audience.purpose.rawValue,
                recipientClass: entry.audience.recipientClass.rawValue,
                recipient: entry.audience.recipient,
                region: place?.key.region?.code,
                granted: entry.isGranted,
                reason: reason?.rawValue,
                viewers: place?.value.sessions ?? 0,
                receiving: receiving[GateName(track: entry.track, audience: entry.audienceID)] ?? 0,
                place: Self.padded(entry.track.rawValue) + "-" + Self.padded(entry.audienceID.rawValue)
            )
        }
    }

    /// Twenty digits, so that texts sort as their numbers do.
    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }
}
