import Primitives

/// The controlling side toward a server, which it only asks (RFC 8445 6 and 7, as far as one needs).
///
/// A lite server sends no checks; those of a full one are `ICELiteAgent`'s to answer. It keeps no clock: call
/// `poll` until it answers `nil`, then again at `nextTimeout`, and pass every answer to `receive`.
package struct ICECheckingClient: Sendable {
    /// One STUN datagram to send.
    package struct Check: Sendable {
        package let bytes: [UInt8]
        package let remote: SocketAddress
    }

    /// What one STUN datagram led to.
    package enum Outcome: Hashable, Sendable {
        /// Not an answer to a check of ours, or one that does not prove the password.
        case ignored
        /// A valid answer; our address as the server sees it.
        case answered(mappedAddress: SocketAddress?, selectionChanged: Bool)
        /// The server refused a check with this STUN error code.
        case refused(errorCode: UInt16)
    }

    /// Between two new checks (RFC 8445 14.2, the default Ta).
    package static let pacingMilliseconds: Int64 = 50
    /// First wait for an answer; doubles with each repetition (RFC 8445 14.3 allows less than 500 ms off the internet).
    package static let firstRetransmitMilliseconds: Int64 = 100
    package static let longestRetransmitMilliseconds: Int64 = 1_600
    /// Between checks of the selected path, well inside the server's 30 s and near what browsers do.
    package static let keepaliveMilliseconds: Int64 = 2_500
    /// Without a valid answer for this long the path is dead (RFC 7675 5.1).
    package static let livenessMilliseconds: Int64 = 30_000
    /// Candidates of one answer that are tried; a relay has an address or two for each family.
    package static let maximumCandidates = 8
    /// Checks in flight whose late answers still count, for each candidate.
    private static let rememberedTransactions = 4

    private struct Candidate {
        let remote: SocketAddress
        var transactions: [STUNTransactionID] = []
        var nextCheck: MonotonicTime
        var waitMilliseconds = ICECheckingClient.firstRetransmitMilliseconds
    }

    private let username: [UInt8]
    private let remotePassword: [UInt8]
    private let tieBreaker: UInt64
    private var candidates: [Candidate]
    private var selectedIndex: Int?
    private var lastAnswer: MonotonicTime?
    private var nextSlot: MonotonicTime = .distantPast

    /// - Parameters:
    ///   - localUfrag: What our SDP carries.
    ///   - remote: What the server's SDP carries.
    ///   - candidates: The server's addresses, most preferred first; more than 8 are not tried.
    ///   - tieBreaker: Random (RFC 8445 7.1.3).
    ///   - now: The first check is due at once.
    package init(
        localUfrag: String,
        remote: ICECredentials,
        candidates: [SocketAddress],
        tieBreaker: UInt64,
        now: MonotonicTime
    ) {
        username = Array("\(remote.ufrag):\(localUfrag)".utf8)
        remotePassword = Array(remote.password.utf8)
        self.tieBreaker = tieBreaker
        self.candidates = candidates.prefix(Self.maximumCandidates).map {
            Candidate(remote: $0, nextCheck: now)
        }
    }

    /// The server's address that media goes to; `nil` until it has answered a check.
    package var selected: SocketAddress? { selectedIndex.map { candidates[$0].remote } }

    /// Whether the selected path has answered within the last 30 s.
    package func isLive(now: MonotonicTime) -> Bool {
        guard selectedIndex != nil, let lastAnswer else { return false }
        return now.milliseconds(since: lastAnswer) < Self.livenessMilliseconds
    }

    /// When `poll` next has something to send; `nil` without candidates.
    package var nextTimeout: MonotonicTime? {
        let due = activeIndices.map { candidates[$0].nextCheck }.min()
        return due.map { max($0, nextSlot) }
    }

    /// The next check that is due, if any.
    package mutating func poll(now: MonotonicTime, random: inout some RandomNumberGenerator) -> Check? {
        guard now >= nextSlot else { return nil }
        let due = activeIndices.filter { candidates[$0].nextCheck <= now }
            .min { candidates[$0].nextCheck < candidates[$1].nextCheck }
        guard let due else { return nil }
        nextSlot = now.advanced(byMilliseconds: Self.pacingMilliseconds)

        let transactionID = STUNTransactionID(using: &random)
        if candidates[due].transactions.count >= Self.rememberedTransactions {
            candidates[due].transactions.removeFirst()
        }
        candidates[due].transactions.append(transactionID)
        // Unless an answer sets the next keepalive, the check is repeated.
        candidates[due].nextCheck = now.advanced(byMilliseconds: candidates[due].waitMilliseconds)
        candidates[due].waitMilliseconds = min(
            candidates[due].waitMilliseconds * 2,
            Self.longestRetransmitMilliseconds
        )
        return Check(bytes: request(transactionID, to: due), remote: candidates[due].remote)
    }

    /// Takes one STUN datagram from the server.
    package mutating func receive(
        _ datagram: RawSpan,
        from remote: SocketAddress,
        now: MonotonicTime
    ) -> Outcome {
        guard let message = STUNMessage(datagram), message.method == STUNMessage.bindingMethod,
            message.messageClass == .success || message.messageClass == .error,
            let index = candidates.firstIndex(where: { $0.remote == remote }),
            let transaction = candidates[index].transactions.firstIndex(of: message.transactionID),
            message.hasValidFingerprint(in: datagram),
            message.hasValidIntegrity(in: datagram, password: remotePassword)
        else { return .ignored }
        candidates[index].transactions.remove(at: transaction)
        guard message.messageClass == .success else { return .refused(errorCode: message.errorCode ?? 0) }

        candidates[index].waitMilliseconds = Self.firstRetransmitMilliseconds
        let changed = selectedIndex == nil
        if changed {
            selectedIndex = index
            // With several candidates the checks so far named none: tell the server at once.
            candidates[index].nextCheck =
                candidates.count == 1 ? now.advanced(byMilliseconds: Self.keepaliveMilliseconds) : now
        } else {
            candidates[index].nextCheck = now.advanced(byMilliseconds: Self.keepaliveMilliseconds)
        }
        if index == selectedIndex { lastAnswer = now }
        return .answered(mappedAddress: message.xorMappedAddress, selectionChanged: changed)
    }

    /// All candidates until one is selected, then that one.
    private var activeIndices: Range<Int> {
        if let selectedIndex { return selectedIndex..<(selectedIndex + 1) }
        return candidates.indices
    }

    private func request(_ transactionID: STUNTransactionID, to index: Int) -> [UInt8] {
        var writer = STUNWriter(.request, transactionID: transactionID)
        writer.addUsername(username)
        writer.addICEControlling(tieBreaker: tieBreaker)
        // RFC 8445 5.1.2.1: peer-reflexive preference 110, local preference falling with our order, component 1.
        writer.addPriority(110 << 24 | UInt32(truncatingIfNeeded: 65_535 - index) << 8 | 255)
        if candidates.count == 1 || index == selectedIndex { writer.addUseCandidate() }
        writer.addMessageIntegrity(password: remotePassword)
        writer.addFingerprint()
        return writer.bytes
    }
}
