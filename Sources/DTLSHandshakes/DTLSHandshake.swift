import COpenSSL
import Primitives

/// Which side of the handshake we are: `a=setup:passive` is the server (RFC 5763 5).
package enum DTLSRole: Hashable, Sendable {
    case client
    case server
}

/// Where a handshake stands.
package enum DTLSStatus: Hashable, Sendable {
    case handshaking
    case established(SRTPKeyingMaterial)
    case failed(DTLSFailure)
    /// The peer said good-bye after it was established.
    case closed
}

/// One DTLS 1.2 handshake with its peer over datagrams, as either side (RFC 6347, RFC 5764).
///
/// It has no socket and no clock: pass datagrams to `receive`, call `handleTimeout` at `nextTimeout`, and after
/// each of the two (and `start`) send all that `nextOutgoingDatagram` answers. Only datagrams from a path
/// that ICE has validated belong here. It belongs to one thread at a time.
package final class DTLSHandshake {
    /// Fits every path that carries RTP, tunnels included; IPv6 promises 1280 with headers.
    package static let maximumDatagramLength = 1_200
    /// Below a second, as RFC 6347 4.2.4.1 wants for real-time use; most paths answer sooner.
    package static let firstRetransmitMilliseconds: Int64 = 100
    package static let longestRetransmitMilliseconds: Int64 = 2_000
    /// Who has not finished by now has lost its patience already; browsers give up after 30 s too.
    package static let handshakeMilliseconds: Int64 = 30_000
    /// A browser's whole side has about 4 KB; this leaves room for large certificates and many repetitions.
    package static let maximumReceivedBytes = 64 * 1024
    /// The same side in tiny fragments and repeated a dozen times still stays below.
    package static let maximumReceivedDatagrams = 256
    /// A flight has up to about a dozen datagrams.
    static let maximumQueuedDatagrams = 32
    /// RFC 5764 4.2.
    private static let exporterLabel = "EXTRACTOR-dtls_srtp"

    private let role: DTLSRole
    private let identity: DTLSIdentity
    private let exchange: DatagramExchange
    /// libssl's connection; `nil` before the first datagram and after the release.
    private var ssl: OpaquePointer?
    private var isReleased = false
    private var startedAt: MonotonicTime?
    private var retransmitAt: MonotonicTime?
    private var knownTimerStarts = 0
    private var receivedBytes = 0
    private var receivedDatagrams = 0

    package private(set) var status: DTLSStatus = .handshaking

    /// - Parameters:
    ///   - role: As negotiated by `a=setup`.
    ///   - identity: Our certificate and settings.
    ///   - remoteFingerprints: What the peer's SDP announces; with none, every certificate is refused.
    package init(role: DTLSRole, identity: DTLSIdentity, remoteFingerprints: [CertificateFingerprint]) {
        self.role = role
        self.identity = identity
        exchange = DatagramExchange(announced: remoteFingerprints)
    }

    deinit {
        if let ssl { SSL_free(ssl) }
    }

    /// As client, makes the first flight; as server, does nothing.
    package func start(now: MonotonicTime) {
        guard role == .client, startedAt == nil else { return }
        advance(now: now)
    }

    /// Takes one datagram that is DTLS by its first byte (RFC 7983: 20 to 63).
    package func receive(_ datagram: RawSpan, now: MonotonicTime) {
        guard !isReleased, let first = datagram.byte(at: 0), (20...63).contains(first) else { return }
        switch status {
        case .failed, .closed:
            return
        case .established:
            guard ssl != nil else { return }
            exchange.incoming = datagram.withUnsafeBytes { Array($0) }
            readAfterwards()
        case .handshaking:
            receivedBytes &+= datagram.byteCount
            receivedDatagrams &+= 1
            guard receivedBytes <= Self.maximumReceivedBytes,
                receivedDatagrams <= Self.maximumReceivedDatagrams
            else { return fail(.tooMuchHandshakeData) }
            exchange.incoming = datagram.withUnsafeBytes { Array($0) }
            advance(now: now)
        }
        exchange.incoming = nil
    }

    /// When `handleTimeout` is due; `nil` while nothing waits.
    package var nextTimeout: MonotonicTime? {
        guard case .handshaking = status, let startedAt else { return nil }
        let deadline = startedAt.advanced(byMilliseconds: Self.handshakeMilliseconds)
        return retransmitAt.map { min($0, deadline) } ?? deadline
    }

    /// Repeats our last flight if the peer has not answered in time, and gives up after 30 s.
    package func handleTimeout(now: MonotonicTime) {
        guard case .handshaking = status, let ssl, let startedAt else { return }
        guard now.milliseconds(since: startedAt) < Self.handshakeMilliseconds else { return fail(.timedOut) }
        guard let due = retransmitAt, now >= due else { return }
        LibraryErrors.clear()
        switch exchange.expireTimer(of: ssl) {
        case 0:
            // libssl's clock is a little behind ours: ask again soon.
            retransmitAt = now.advanced(byMilliseconds: 10)
        case 1:
            knownTimerStarts = exchange.timerStarts
            retransmitAt = now.advanced(byMilliseconds: exchange.retransmitMilliseconds)
        default:
            LibraryErrors.clear()
            fail(.timedOut)
        }
    }

    /// The next datagram to send, oldest first; `nil` when there is none.
    package func nextOutgoingDatagram() -> [UInt8]? {
        exchange.nextOutgoing()
    }

    /// Tells the peer that we are leaving (close_notify), once established.
    package func close() {
        guard case .established = status, let ssl else { return }
        LibraryErrors.clear()
        SSL_shutdown(ssl)
        LibraryErrors.clear()
        status = .closed
        freeConnection()
    }

    /// Frees libssl's state of about 47 KB; later datagrams are ignored, and so is the peer's close_notify.
    ///
    /// To be called some seconds after the handshake, once the peer will not ask for our last flight again.
    package func releaseHandshakeState() {
        isReleased = true
        freeConnection()
    }

    // MARK: Driving libssl

    private func advance(now: MonotonicTime) {
        if startedAt == nil { startedAt = now }
        if ssl == nil { ssl = makeConnection() }
        guard let ssl else { return fail(LibraryErrors.drain()) }
        LibraryErrors.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            finish(ssl)
        } else {
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
                LibraryErrors.clear()
            default:
                let failure = LibraryErrors.drain()
                fail(exchange.certificateMismatched ? .fingerprintMismatch : failure)
            }
        }
        followTimer(now: now)
    }

    private func makeConnection() -> OpaquePointer? {
        LibraryErrors.clear()
        guard let ssl = SSL_new(identity.context) else { return nil }
        guard let bio = exchange.makeBIO() else {
            SSL_free(ssl)
            return nil
        }
        // One BIO for both directions: libssl then takes its one reference.
        SSL_set_bio(ssl, bio, bio)
        exchange.attach(to: ssl)
        tally_set_mtu(ssl, Self.maximumDatagramLength)
        switch role {
        case .client: SSL_set_connect_state(ssl)
        case .server: SSL_set_accept_state(ssl)
        }
        return ssl
    }

    private func followTimer(now: MonotonicTime) {
        guard case .handshaking = status, exchange.isTimerRunning else {
            retransmitAt = nil
            return
        }
        if exchange.timerStarts != knownTimerStarts {
            knownTimerStarts = exchange.timerStarts
            retransmitAt = now.advanced(byMilliseconds: exchange.retransmitMilliseconds)
        }
    }

    private func finish(_ ssl: OpaquePointer) {
        guard let selected = SSL_get_selected_srtp_profile(ssl),
            let profile = DTLSSRTPProfile(rawValue: UInt16(truncatingIfNeeded: selected.pointee.id))
        else {
            SSL_shutdown(ssl)
            LibraryErrors.clear()
            return fail(.noSRTPProfile)
        }
        // The certificate was compared when it arrived; a handshake that somehow skipped this has no keys.
        guard let certificate = tally_get_peer_certificate(ssl) else { return fail(.fingerprintMismatch) }
        defer { X509_free(certificate) }
        guard CertificateFingerprint.matches(certificate, announced: exchange.announced) else {
            return fail(.fingerprintMismatch)
        }
        var exported = [UInt8](repeating: 0, count: SRTPKeyingMaterial.exportLength(of: profile))
        let done = SSL_export_keying_material(
            ssl,
            &exported,
            exported.count,
            Self.exporterLabel,
            Self.exporterLabel.utf8.count,
            nil,
            0,
            0
        )
        guard done == 1,
            let keys = SRTPKeyingMaterial(profile: profile, exported: exported, isServer: role == .server)
        else { return fail(LibraryErrors.drain()) }
        status = .established(keys)
    }

    /// After the handshake: libssl repeats our last flight if the peer repeats its own, and hears alerts.
    private func readAfterwards() {
        guard let ssl else { return }
        LibraryErrors.clear()
        var discarded = [UInt8](repeating: 0, count: 256)
        // One datagram holds at most this many records of our interest; application data is nobody's here.
        for _ in 0..<64 where SSL_read(ssl, &discarded, Int32(discarded.count)) <= 0 { break }
        LibraryErrors.clear()
        if SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 {
            status = .closed
            freeConnection()
        }
    }

    private func freeConnection() {
        retransmitAt = nil
        exchange.incoming = nil
        if let ssl { SSL_free(ssl) }
        ssl = nil
    }

    private func fail(_ failure: DTLSFailure) {
        status = .failed(failure)
        // An alert that libssl has made for the peer is queued already.
        freeConnection()
    }
}
