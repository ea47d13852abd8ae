import Disclosures
import Primitives

/// What the door does right now, for the participant's tally panel and the operator.
package struct DisclosureOverview: Sendable, Hashable {
    /// One live track toward one audience.
    package struct Entry: Sendable, Hashable {
        package let track: TrackID
        package let participant: ParticipantID
        package let media: MediaType
        package let stream: String
        package let audienceID: AudienceID
        package let audience: Audience
        /// Whether a grant in force covers this disclosure, whatever the state of the lease.
        package let isGranted: Bool
        /// What the gate does at this moment, and why.
        package let decision: Decision
        /// End of the gate's lease; in the past while it is closed.
        package let leaseEnd: MonotonicTime
    }

    /// In the order of tracks, then audiences.
    package let entries: [Entry]
}

extension RoomAuthority {
    /// Every live track toward every present audience, of one participant or of all.
    package func overview(of participant: ParticipantID? = nil, now: ClockReading) -> DisclosureOverview {
        var entries: [DisclosureOverview.Entry] = []
        var joint: [JointAudience: Decision] = [:]
        for (id, track) in tracks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            if let participant, track.participant != participant { continue }
            for (audienceID, present) in audiences.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                guard let gate = gates[GateKey(track: id, audience: audienceID)] else { continue }
                var decision = decision(request(track, present), &joint, now: now)
                let isGranted = decision.denyReason == nil
                if isGranted, !gate.isOpen || gate.leaseEnd <= now.monotonic {
                    decision = .deny(lapseReason(now.monotonic))
                }
                entries.append(
                    DisclosureOverview.Entry(
                        track: id,
                        participant: track.participant,
                        media: track.media,
                        stream: track.stream,
                        audienceID: audienceID,
                        audience: present.audience,
                        isGranted: isGranted,
                        decision: decision,
                        leaseEnd: gate.isOpen ? gate.leaseEnd : .distantPast
                    )
                )
            }
        }
        return DisclosureOverview(entries: entries)
    }

    /// What would be decided for a disclosure that has no live track or audience yet.
    package func wouldDecide(_ request: DisclosureRequest, now: ClockReading) -> Decision {
        var joint: [JointAudience: Decision] = [:]
        return decision(request, &joint, now: now)
    }

    /// The participant's durable records, oldest first.
    package func records(of participant: ParticipantID) -> [ConsentRecord] {
        durable.records(of: participant).sorted { $0.sequence < $1.sequence }
    }
}
