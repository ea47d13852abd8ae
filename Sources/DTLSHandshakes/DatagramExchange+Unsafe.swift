import COpenSSL
import Primitives

/// The two queues of datagrams between libssl and us, and what libssl's callbacks leave for us.
///
/// libssl reads one datagram at a time and writes one at a time, so boundaries are kept. The exchange must
/// outlive the `SSL` it is attached to.
final class DatagramExchange {
    /// The datagram that libssl is to read next.
    var incoming: [UInt8]?
    /// What libssl wants sent, oldest first.
    private(set) var outgoing: [[UInt8]] = []
    private var outgoingHead = 0

    /// The fingerprints of which the peer's certificate must have one.
    let announced: [CertificateFingerprint]
    /// Set by the check of the peer's certificate.
    private(set) var certificateMismatched = false

    /// Whether libssl waits for an answer that it would repeat its flight for.
    private(set) var isTimerRunning = false
    /// Counts how often libssl began to wait.
    private(set) var timerStarts = 0
    /// How long to wait before the flight is repeated.
    private(set) var retransmitMilliseconds: Int64 = 0

    /// libssl's own timer, as long as its release hands out the timer itself.
    private var libraryTimer: UnsafeMutablePointer<timeval>?

    init(announced: [CertificateFingerprint]) {
        self.announced = announced
    }

    func nextOutgoing() -> [UInt8]? {
        guard outgoingHead < outgoing.count else { return nil }
        let datagram = outgoing[outgoingHead]
        outgoingHead += 1
        if outgoingHead == outgoing.count {
            outgoing.removeAll()
            outgoingHead = 0
        }
        return datagram
    }

    /// How many datagrams wait to be sent.
    var outgoingCount: Int { outgoing.count - outgoingHead }

    private func enqueue(_ bytes: UnsafeRawBufferPointer) {
        // Nobody is meant to let them pile up; a caller that does loses the newest, as a network would.
        guard outgoingCount < DTLSHandshake.maximumQueuedDatagrams else { return }
        outgoing.append(Array(bytes))
    }

    // MARK: Attaching to libssl

    /// A BIO that reads and writes these queues; `nil` if libcrypto fails.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        // Safe because the owner of both frees the SSL, and with it the BIO, before this object.
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// Lets the certificate check and the timer of `ssl` find this object.
    func attach(to ssl: OpaquePointer) {
        // Safe because the owner of both frees the SSL before this object.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        DTLS_set_timer_cb(ssl) { ssl, previousMicroseconds in
            guard let exchange = DatagramExchange.of(ssl) else { return 1_000_000 }
            exchange.retransmitMilliseconds =
                previousMicroseconds == 0
                ? DTLSHandshake.firstRetransmitMilliseconds
                : min(exchange.retransmitMilliseconds * 2, DTLSHandshake.longestRetransmitMilliseconds)
            return UInt32(exchange.retransmitMilliseconds) * 1_000
        }
    }

    /// Replaces libssl's check of certificate chains: only the announced fingerprint decides (RFC 8827 6.5).
    static func installCertificateCheck(on context: OpaquePointer) {
        let check: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, _ in
            guard let store,
                let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
                let exchange = DatagramExchange.of(OpaquePointer(ssl)),
                let certificate = X509_STORE_CTX_get0_cert(store)
            else { return 0 }
            if CertificateFingerprint.matches(certificate, announced: exchange.announced) { return 1 }
            exchange.certificateMismatched = true
            X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)
            return 0
        }
        SSL_CTX_set_cert_verify_callback(context, check, nil)
    }

    private static func of(_ ssl: OpaquePointer?) -> DatagramExchange? {
        guard let ssl, let data = SSL_get_ex_data(ssl, 0) else { return nil }
        // Safe because `attach` put a live exchange there, which outlives the SSL.
        return Unmanaged<DatagramExchange>.fromOpaque(data).takeUnretainedValue()
    }

    private static func of(bio: OpaquePointer?) -> DatagramExchange? {
        guard let bio, let data = BIO_get_data(bio) else { return nil }
        // Safe because `makeBIO` put a live exchange there, which outlives the BIO.
        return Unmanaged<DatagramExchange>.fromOpaque(data).takeUnretainedValue()
    }

    // MARK: The timer

    /// Makes libssl repeat its flight as of now.
    ///
    /// - Returns: What DTLSv1_handle_timeout answers: 1 repeated, 0 libssl's own clock disagrees, -1 given up.
    func expireTimer(of ssl: OpaquePointer) -> Int32 {
        // 1970 has passed by any clock. Safe because libssl's timer lives as long as the SSL it belongs to.
        libraryTimer?.pointee = timeval(tv_sec: 1, tv_usec: 0)
        return tally_handle_timeout(ssl)
    }

    /// libssl measures its timer with the system's clock.
    ///
    /// Up to 3.1 it shows us the timer itself each time it
    /// sets it, so that we can put it off for ever and let `now` decide alone. Later releases show a copy;
    /// there the timer runs in real time and `handleTimeout` asks again until libssl agrees.
    private static let showsTimerItself = OpenSSL_version_num() < 0x3020_0000

    private func timerWasSet(_ timer: UnsafeMutablePointer<timeval>) {
        isTimerRunning = timer.pointee.tv_sec != 0 || timer.pointee.tv_usec != 0
        if isTimerRunning { timerStarts &+= 1 }
        guard Self.showsTimerItself else { return }
        libraryTimer = timer
        // Zero means "not running" to libssl and must stay zero.
        if isTimerRunning { timer.pointee.tv_sec = .max / 2 }
    }

    // MARK: The BIO's methods

    /// Safe because it is complete before its first use and never changed or freed after.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams") else {
            return nil
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            guard let exchange = DatagramExchange.of(bio: bio), let bytes, count > 0 else { return -1 }
            // Safe because libssl vouches for `count` bytes for the time of the call.
            exchange.enqueue(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            guard let bio, let bytes, count > 0 else { return -1 }
            BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
            guard let exchange = DatagramExchange.of(bio: bio), let datagram = exchange.incoming else {
                BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
                return -1
            }
            exchange.incoming = nil
            // Safe because no more than the `count` bytes are written that libssl has room for; what does
            // not fit is lost, as with a socket.
            let output = UnsafeMutableRawBufferPointer(start: bytes, count: Int(count))
            let copied = min(datagram.count, Int(count))
            output.copyBytes(from: datagram[0..<copied])
            return Int32(copied)
        }
        BIO_meth_set_ctrl(method) { bio, command, _, argument in
            guard let exchange = DatagramExchange.of(bio: bio) else { return 0 }
            switch command {
            case BIO_CTRL_FLUSH:
                return 1
            case BIO_CTRL_PENDING:
                return exchange.incoming?.count ?? 0
            case BIO_CTRL_DGRAM_QUERY_MTU, BIO_CTRL_DGRAM_GET_MTU, BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
                return Int(DTLSHandshake.maximumDatagramLength)
            case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
                // Safe because this command's argument is a timeval by libssl's contract with datagram BIOs.
                if let timer = argument?.assumingMemoryBound(to: timeval.self) { exchange.timerWasSet(timer) }
                return 0
            default:
                return 0
            }
        }
        return method
    }()
}
