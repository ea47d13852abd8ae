import Primitives

/// The answer of `decide`.
package enum Decision: Sendable, Hashable {
    case permit(Permit)
    case deny(DenyReason)

    /// Why not; `nil` for a permit.
    package var denyReason: DenyReason? {
        if case .deny(let reason) = self { return reason }
        return nil
    }
}

/// Decides one disclosure: pure, total, and the same for every order of the same records.
///
/// Default deny. Of the stable reasons two are not found here but by the authority, which alone knows them:
/// `lease-expired` and `log-unavailable`.
package func decide(_ request: DisclosureRequest, _ state: RoomConsent, now: ClockReading) -> Decision {
    if let expected = request.expectedEpoch, expected != state.epoch { return .deny(.staleEpoch) }
    if let captured = request.captured, captured.until <= captured.from { return .deny(.malformed) }
    let isCompelled = request.audience.recipientClass == .authority
    switch state.judge(request, at: now.wall) {
    case .deny(let reason):
        return .deny(reason)
    case .permit(let until, let sequence):
        let further =
            isCompelled ? .permit(until: nil, sequence: sequence) : state.judgeFurther(request, at: now.wall)
        guard case .permit(let earlier, _) = further else { return .deny(further.denyReason ?? .malformed) }
        let end = [until, earlier].compactMap(\.self).min()
        return .permit(
            Permit(
                epoch: state.epoch,
                notAfter: end.map { now.monotonicDeadline(for: $0) } ?? .distantFuture,
                grant: sequence,
                basis: isCompelled ? .legalDemand : .consent
            )
        )
    }
}

extension RoomConsent {
    /// The rules that need more than the person's records of now: the moment of capture, and who else is on air.
    fileprivate func judgeFurther(_ request: DisclosureRequest, at time: WallClockTime) -> Judgement {
        var until: WallClockTime?
        if let captured = request.captured {
            guard case .agreed(let keptUntil) = judgeCapture(captured, of: request) else {
                return .deny(.capturedWithout)
            }
            if let keptUntil, keptUntil <= time { return .deny(.expired) }
            until = keptUntil
        } else if request.audience.purpose.isOfStoredMedia {
            return .deny(.capturedWithout)
        } else if room.rules.consentRule == .allParty, request.audience.purpose.capturesRoom {
            guard let onAir = request.onAir else { return .deny(.allParty) }
            for track in onAir {
                guard case .permit(let end, _) = judge(request.about(track), at: time) else {
                    return .deny(.allParty)
                }
                until = [until, end].compactMap(\.self).min()
            }
        }
        return .permit(until: until, sequence: 0)
    }
}
