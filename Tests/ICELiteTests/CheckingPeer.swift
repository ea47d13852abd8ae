import ICELite
import Primitives

/// Builds the checks that a full agent would send, right and wrong ones.
struct CheckingPeer {
    var server: ICECredentials
    var ufrag: String
    var random = SeededRandom(seed: 1)

    /// What a check carries.
    struct Options {
        var username: String?
        var password: String?
        var useCandidate = false
        var controlling = true
        var controlled = false
        var hasUsername = true
        var hasIntegrity = true
        var hasFingerprint = true
        var unknown: [UInt16] = []
        var messageClass = STUNMessage.Class.request
    }

    mutating func check(_ change: (inout Options) -> Void = { _ in }) -> [UInt8] {
        var options = Options()
        change(&options)
        var writer = STUNWriter(options.messageClass, transactionID: STUNTransactionID(using: &random))
        if options.hasUsername {
            writer.addUsername(Array((options.username ?? "\(server.ufrag):\(ufrag)").utf8))
        }
        writer.addPriority(0x6E00_01FF)
        if options.controlling { writer.addICEControlling(tieBreaker: 7) }
        if options.controlled { writer.addICEControlled(tieBreaker: 7) }
        if options.useCandidate { writer.addUseCandidate() }
        for type in options.unknown { writer.addAttribute(type, [1, 2, 3]) }
        if options.hasIntegrity {
            writer.addMessageIntegrity(password: (options.password ?? server.password).utf8)
        }
        if options.hasFingerprint { writer.addFingerprint() }
        return writer.bytes
    }
}

let server = ICECredentials(ufrag: "L2abcdefgh", password: "abcdefghijklmnopqrstuvwx")
let alice = SocketAddress(ipv4: 0xC633_6401, port: 50_000)
let bob = SocketAddress(ipv4: 0xC633_6402, port: 50_001)
let relay = SocketAddress(ipv4: 0xC000_0201, port: 7_000)

func seconds(_ value: Double) -> MonotonicTime {
    MonotonicTime(nanoseconds: 1_000_000_000 + Int64(value * 1_000_000_000))
}
