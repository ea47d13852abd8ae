import DTLSHandshakes
import ICELite
import LedgerStore
import Primitives
import RelayEngine
import RelayRuntime
import SessionDescriptions
import Synchronization
import Webhooks

/// What all rooms share: the data plane, the log, the relay's identity, numbers that are never used twice.
final class RoomEnvironment: Sendable {
    let plane: DataPlane
    let log: any ConsentLog
    let notices: any NoticeArchive
    let disclosures: any DisclosureLog
    let records: any PersonalRecords
    let ledger: any PublishedLedger
    /// Where other systems' news are left.
    let outbox: WebhookOutbox
    /// `nil` where there is no registry of destinations.
    let rebroadcasting: Rebroadcasting?
    let identity: DTLSIdentity
    let settings: RoomSettings
    let cname: String
    let joins = JoinStatistics()
    let slates: SlateCabinet
    private let numbers = Atomic<UInt64>(1)
    private let load: Mutex<[Int]>

    init(
        plane: DataPlane,
        log: any ConsentLog,
        notices: any NoticeArchive,
        disclosures: any DisclosureLog,
        records: any PersonalRecords,
        ledger: any PublishedLedger,
        outbox: WebhookOutbox,
        rebroadcasting: Rebroadcasting?,
        identity: DTLSIdentity,
        settings: RoomSettings,
        cname: String,
        slates: SlateCabinet
    ) {
        self.plane = plane
        self.log = log
        self.notices = notices
        self.disclosures = disclosures
        self.records = records
        self.ledger = ledger
        self.outbox = outbox
        self.rebroadcasting = rebroadcasting
        self.identity = identity
        self.settings = settings
        self.cname = cname
        self.slates = slates
        load = Mutex([Int](repeating: 0, count: plane.loopCount))
    }

    /// A number that this process has not used before.
    func nextNumber() -> UInt64 { numbers.add(1, ordering: .relaxed).oldValue }

    /// The media loop with the fewest peers, counted as one more.
    func takeLoop() -> Int {
        load.withLock { load in
            let loop = load.indices.min { load[$0] < load[$1] } ?? 0
            load[loop] += 1
            return loop
        }
    }

    func returnLoop(_ loop: Int) {
        load.withLock { $0[loop] -= 1 }
    }

    /// Fresh credentials whose ufrag names the loop.
    func credentials(loop: Int) -> ICECredentials {
        var random = SystemRandomNumberGenerator()
        return ICECredentials.generate(prefix: UfragOwner.prefix(loop: loop), using: &random)
    }

    /// Our side of an answer.
    func localTransport(_ credentials: ICECredentials) -> LocalTransport {
        LocalTransport(
            iceUfrag: credentials.ufrag,
            icePassword: credentials.password,
            fingerprintSHA256: identity.fingerprint.bytes,
            candidates: settings.candidates.map { ICECandidate(host: $0.with(port: plane.port)) },
            cname: cname,
            originID: UInt64.random(in: 1...(UInt64.max >> 2))
        )
    }

    /// Our side of an offer that goes out by a socket of its own.
    func outboundTransport(_ credentials: ICECredentials, port: UInt16) -> LocalTransport {
        var transport = localTransport(credentials)
        transport.candidates = settings.candidates.map { ICECandidate(host: $0.with(port: port)) }
        // Who offers controls, and so is a full agent (RFC 8445 6.1.1).
        transport.isLite = false
        return transport
    }

    /// 160 random bits in hexadecimal: a session's name cannot be guessed.
    static func randomName() -> String {
        (0..<5).map { _ in
            let text = String(UInt32.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 8 - text.count) + text
        }.joined()
    }
}
