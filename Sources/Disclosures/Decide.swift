import Primitives

/// The question of the door: whether this kind of media of this stream may reach this audience.
package struct DisclosureRequest: Sendable, Hashable {
    package let participant: ParticipantID
    package let media: MediaType
    package let audience: Audience
    /// The stream asked for, as grants name it in their scope.
    package let stream: String

    package init(participant: ParticipantID, media: MediaType, audience: Audience, stream: String) {
        self.participant = participant
        self.media = media
        self.audience = audience
        self.stream = stream
    }
}

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
/// Default deny. A refusal that applies beats every grant; otherwise purpose, recipient, scope, media and time
/// have to hold in one and the same grant, and of several such grants the one that ends first governs.
package func decide(_ request: DisclosureRequest, _ state: RoomConsent, now: ClockReading) -> Decision {
    var refusal: ConsentState?
    var closest = Mismatch.noRecord
    var governing: (until: WallClockTime?, sequence: UInt64)?

    for record in state.records(of: request.participant) {
        let statement = record.statement
        if statement.state.refuses {
            if statement.applies(to: request), precedence(statement.state) > precedence(refusal) {
                refusal = statement.state
            }
        } else if let mismatch = statement.mismatch(with: request, now: now.wall) {
            closest = max(closest, mismatch)
        } else if let current = governing {
            if isMoreRestrictive((statement.validity.until, record.sequence), than: current) {
                governing = (statement.validity.until, record.sequence)
            }
        } else {
            governing = (statement.validity.until, record.sequence)
        }
    }

    if let refusal { return .deny(refusal.denyReason ?? .malformed) }
    guard let governing else { return .deny(closest.denyReason) }
    let notAfter = governing.until.map { now.monotonicDeadline(for: $0) } ?? .distantFuture
    return .permit(Permit(epoch: state.epoch, notAfter: notAfter, grant: governing.sequence))
}

/// Which refusal is named when several apply; the highest wins, whatever their order.
private func precedence(_ state: ConsentState?) -> Int {
    switch state {
    case .revoked: 4
    case .withdrawn: 3
    case .invalidated: 2
    case .refused: 1
    default: 0
    }
}

private func isMoreRestrictive(
    _ left: (until: WallClockTime?, sequence: UInt64),
    than right: (until: WallClockTime?, sequence: UInt64)
) -> Bool {
    switch (left.until, right.until) {
    case (let leftEnd?, let rightEnd?) where leftEnd != rightEnd: leftEnd < rightEnd
    case (_?, nil): true
    case (nil, _?): false
    default: left.sequence > right.sequence
    }
}

/// Why a record does not permit a request, ordered by how close it came; the closest one is named.
private enum Mismatch: Int, Comparable {
    case noRecord
    case purpose
    case recipient
    case scope
    case media
    case requested
    case deferred
    case expired

    static func < (left: Mismatch, right: Mismatch) -> Bool { left.rawValue < right.rawValue }

    var denyReason: DenyReason {
        switch self {
        case .noRecord: .noRecord
        case .purpose: .purpose
        case .recipient: .recipient
        case .scope: .scope
        case .media: .media
        case .requested: .requested
        case .deferred: .deferred
        case .expired: .expired
        }
    }
}

extension ConsentStatement {
    /// Whether a refusal touches `request`; what it leaves unsaid it refuses altogether.
    fileprivate func applies(to request: DisclosureRequest) -> Bool {
        purpose == request.audience.purpose
            && (recipient == nil || recipient == request.audience.recipient)
            && (stream == nil || stream == request.stream)
            && (media.isEmpty || media.contains(request.media))
    }

    /// The first rule by which a record that is no refusal does not permit `request`; `nil` if it permits.
    fileprivate func mismatch(with request: DisclosureRequest, now: WallClockTime) -> Mismatch? {
        guard purpose == request.audience.purpose else { return permits ? .purpose : .noRecord }
        guard recipient == request.audience.recipient else { return permits ? .recipient : .noRecord }
        guard stream == nil || stream == request.stream else { return permits ? .scope : .noRecord }
        switch state {
        case .given, .renewed: break
        case .requested: return .requested
        case .requestDeferred: return .deferred
        case .expired: return .expired
        case .unknown, .refused, .withdrawn, .revoked, .invalidated: return .noRecord
        }
        guard !source.onlyNarrows else { return .noRecord }
        guard media.contains(request.media) else { return .media }
        guard validity.contains(now) else { return .expired }
        return nil
    }
}
