import Primitives

/// The ICE-lite side of one peer (RFC 8445 2.5): it answers checks and never sends one of its own.
///
/// Beside our own checks (`ICECheckingClient`) it is the answering half of a controlling agent: then it answers
/// the peer's checks, and paths follow from the peer's answers to ours (`noteAnswer`).
///
/// It keeps no clock and makes no state for anyone who does not know the password. Which path media takes
/// changes only by a check with USE-CANDIDATE, and a path without a valid check for 30 s is not live.
package struct ICELiteAgent: Sendable {
    /// Without a valid check for this long a path is sent nothing more (the spirit of RFC 7675 5.1).
    package static let livenessMilliseconds: Int64 = 30_000
    /// A browser with many interfaces has about ten paths to one server address; more are someone's game.
    package static let maximumValidatedPairs = 16

    /// The credentials of one generation: what the peer must put into USERNAME, and our password.
    private struct Generation {
        let number: UInt32
        let username: [UInt8]
        let password: [UInt8]

        init(number: UInt32, local: ICECredentials, remoteUfrag: String) {
            self.number = number
            // RFC 8445 7.2.2: the receiver's fragment, a colon, the sender's.
            username = Array("\(local.ufrag):\(remoteUfrag)".utf8)
            password = Array(local.password.utf8)
        }
    }

    private struct ValidatedPair {
        let pair: ICEPair
        var generation: UInt32
        var lastCheck: MonotonicTime
    }

    /// Our own checks choose the path, and not the peer's.
    private let isControlling: Bool
    /// In force: media flows by pairs of this generation.
    private var current: Generation
    /// Announced by a restart, in force with its first nomination.
    private var pending: Generation?
    private var validated: [ValidatedPair] = []

    /// The path that media takes; `nil` until a check has nominated one.
    package private(set) var selected: ICEPair?

    /// - Parameters:
    ///   - local: What our answer's SDP carries.
    ///   - remoteUfrag: What the peer's SDP carries; its password serves only those who send checks.
    ///   - isControlling: Whether our own checks choose the path, because we made the offer.
    package init(local: ICECredentials, remoteUfrag: String, isControlling: Bool = false) {
        self.isControlling = isControlling
        current = Generation(number: 0, local: local, remoteUfrag: remoteUfrag)
    }

    /// Announces new credentials (RFC 8445 2.4).
    ///
    /// The old ones stay valid until a check with the new ones nominates, so that a restart that fails costs nothing.
    package mutating func restart(local: ICECredentials, remoteUfrag: String) {
        pending = Generation(number: current.number &+ 1, local: local, remoteUfrag: remoteUfrag)
        // What an abandoned restart validated is worth nothing to the new one; the selected path stays.
        let (selected, number) = (self.selected, current.number)
        validated.removeAll { $0.generation != number && $0.pair != selected }
        for index in validated.indices { validated[index].generation = number }
    }

    /// Whether a restart was announced and no check has nominated under its credentials yet.
    package var isRestarting: Bool { pending != nil }

    /// Takes one STUN datagram; the answer, if any, replaces what `response` held.
    ///
    /// - Returns: `response` is empty exactly if the outcome is a drop. It goes to `remote`, from `local`.
    package mutating func receive(
        _ datagram: RawSpan,
        from remote: SocketAddress,
        to local: SocketAddress,
        now: MonotonicTime,
        response: inout [UInt8]
    ) -> ICEOutcome {
        response.removeAll(keepingCapacity: true)
        let message: STUNMessage
        let generation: Generation
        switch authenticate(datagram) {
        case .failure(let reason):
            return .drop(reason)
        case .success(let found):
            (message, generation) = found
        }
        if message.unknownRequiredCount > 0 {
            return refuse(message, 420, "Unknown Attribute", generation, &response)
        }
        // A lite agent is always controlled, and who made the offer controls (RFC 8445 6.1.1): our role is not
        // open to 7.3.1.1, and a full agent that hears 487 takes the other one (7.2.5.1). A request that names
        // no role is taken as of the right one: FFmpeg's before 2025-09.
        if (isControlling ? message.iceControlling : message.iceControlled) != nil {
            return refuse(message, 487, "Role Conflict", generation, &response)
        }

        let pair = ICEPair(remote: remote, local: local)
        // That the peer reaches us says nothing of the path that we have chosen, or would choose.
        let changed =
            !isControlling
            && accept(pair, nominated: message.useCandidate, generation: generation, now: now)
        var writer = STUNWriter(.success, transactionID: message.transactionID)
        writer.addXORMappedAddress(remote)
        writer.addMessageIntegrity(password: generation.password)
        writer.addFingerprint()
        response = writer.bytes
        return .respond(pair, selectionChanged: changed)
    }

    /// Takes note that the peer answered a check of ours on this path (RFC 8445 7.2.5.3): it is live from now.
    ///
    /// Media takes it from now on if it `selects`.
    package mutating func noteAnswer(on pair: ICEPair, selects: Bool, now: MonotonicTime) {
        precondition(isControlling, "only our own checks are answered")
        _ = accept(pair, nominated: selects, generation: current, now: now)
    }

    /// Whether this path has passed a valid check within the last 30 s.
    package func isValidated(remote: SocketAddress, local: SocketAddress, now: MonotonicTime) -> Bool {
        let pair = ICEPair(remote: remote, local: local)
        return validated.contains { $0.pair == pair && Self.isLive($0, now) }
    }

    /// Whether media may be sent now: a path is selected and has passed a valid check within the last 30 s.
    package func isLive(now: MonotonicTime) -> Bool {
        guard let selected else { return false }
        return isValidated(remote: selected.remote, local: selected.local, now: now)
    }

    /// When the selected path stops being live unless it is checked again; `nil` without a selected path.
    package var livenessDeadline: MonotonicTime? {
        validated.first { $0.pair == selected }?.lastCheck.advanced(byMilliseconds: Self.livenessMilliseconds)
    }

    /// How many paths are remembered, live or not.
    package var validatedPairCount: Int { validated.count }

    private static func isLive(_ entry: ValidatedPair, _ now: MonotonicTime) -> Bool {
        now.milliseconds(since: entry.lastCheck) < livenessMilliseconds
    }

    private enum Authentication {
        case success((STUNMessage, Generation))
        case failure(ICEDropReason)
    }

    private func authenticate(_ datagram: RawSpan) -> Authentication {
        guard let message = STUNMessage(datagram) else { return .failure(.malformed) }
        guard message.messageClass == .request, message.method == STUNMessage.bindingMethod else {
            return .failure(.notABindingRequest)
        }
        guard message.fingerprintOffset != nil else { return .failure(.noFingerprint) }
        guard message.hasValidFingerprint(in: datagram) else { return .failure(.badFingerprint) }
        guard message.username != nil else { return .failure(.noUsername) }
        guard message.messageIntegrityOffset != nil else { return .failure(.noIntegrity) }
        let generation: Generation
        if message.hasUsername(current.username, in: datagram) {
            generation = current
        } else if let pending, message.hasUsername(pending.username, in: datagram) {
            generation = pending
        } else {
            return .failure(.unknownUsername)
        }
        guard message.hasValidIntegrity(in: datagram, password: generation.password) else {
            return .failure(.badIntegrity)
        }
        return .success((message, generation))
    }

    private func refuse(
        _ message: STUNMessage,
        _ code: UInt16,
        _ reason: String,
        _ generation: Generation,
        _ response: inout [UInt8]
    ) -> ICEOutcome {
        var writer = STUNWriter(.error, transactionID: message.transactionID)
        writer.addErrorCode(code, reason: reason)
        if code == 420 { writer.addUnknownAttributes(message.reportedUnknowns) }
        writer.addMessageIntegrity(password: generation.password)
        writer.addFingerprint()
        response = writer.bytes
        return .refuse(errorCode: code)
    }

    /// Remembers a checked pair and follows a nomination; `true` if the selected path changed.
    private mutating func accept(
        _ pair: ICEPair,
        nominated: Bool,
        generation: Generation,
        now: MonotonicTime
    ) -> Bool {
        if let index = validated.firstIndex(where: { $0.pair == pair }) {
            validated[index].lastCheck = max(validated[index].lastCheck, now)
            validated[index].generation = max(validated[index].generation, generation.number)
        } else {
            makeRoom(now)
            validated.append(ValidatedPair(pair: pair, generation: generation.number, lastCheck: now))
        }
        guard nominated else { return false }
        if let pending, pending.number == generation.number {
            // The restart has succeeded: what only the old credentials vouched for ends here.
            current = pending
            self.pending = nil
            validated.removeAll { $0.generation != generation.number }
        }
        defer { selected = pair }
        return selected != pair
    }

    /// Forgets the pair that was checked least recently, but never the selected one.
    private mutating func makeRoom(_ now: MonotonicTime) {
        let selected = self.selected
        guard validated.count >= Self.maximumValidatedPairs else { return }
        validated.removeAll { $0.pair != selected && !Self.isLive($0, now) }
        guard validated.count >= Self.maximumValidatedPairs,
            let oldest = validated.indices.filter({ validated[$0].pair != selected })
                .min(by: { validated[$0].lastCheck < validated[$1].lastCheck })
        else { return }
        validated.remove(at: oldest)
    }

    /// For tests: what must hold between events.
    package func checkInvariants() {
        precondition(validated.count <= Self.maximumValidatedPairs)
        precondition(Set(validated.map(\.pair)).count == validated.count)
        if let selected { precondition(validated.contains { $0.pair == selected }) }
        if let pending { precondition(pending.number == current.number &+ 1) }
    }
}

extension STUNMessage {
    fileprivate var reportedUnknowns: [UInt16] {
        let (first, second, third, fourth) = unknownRequired
        return Array(
            [first, second, third, fourth].prefix(min(unknownRequiredCount, Self.maximumReportedUnknowns))
        )
    }
}
