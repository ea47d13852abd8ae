import CLinuxNet
import Primitives
import RelayEngine
import Synchronization

/// What other threads leave for one media loop: commands, handed-over datagrams, a wish to stop.
///
/// Bounded, and locked only while an element is put in or all are taken out.
final class LoopMailbox: Sendable {
    /// Commands that may wait; the control plane's own limits keep far below.
    static let commandLimit = 65_536
    /// Datagrams that may wait to be taken over from other loops: some milliseconds at full rate.
    static let datagramLimit = 4_096

    /// Of these, checks that nobody has authenticated yet.
    static let checkLimit = 512

    struct HandedDatagram: Sendable {
        var bytes: [UInt8]
        var remote: SocketAddress
        var local: SocketAddress
        /// The loop whose socket it came from.
        var receivingLoop: Int
    }

    struct Contents {
        var commands: [EngineCommand] = []
        var datagrams: [HandedDatagram] = []
        /// Ports of outbound sockets that were opened, before any command that names them; the registry bounds
        /// their number.
        var openedPorts: [UInt16] = []
        /// Ports of outbound sockets that are to be closed, after all commands.
        var closedPorts: [UInt16] = []
    }

    private let contents = Mutex(Contents())
    private let hasContents = Atomic<Bool>(false)
    private let hasNews = Atomic<Bool>(false)
    let isStopping = Atomic<Bool>(false)
    let wakeDescriptor: Int32

    init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
    }

    /// Leaves commands; `false` if there is no room.
    func post(_ commands: [EngineCommand]) -> Bool {
        let hasRoom = contents.withLock { contents in
            guard contents.commands.count + commands.count <= Self.commandLimit else { return false }
            contents.commands += commands
            return true
        }
        hasContents.store(true, ordering: .releasing)
        wake()
        return hasRoom
    }

    /// Leaves a datagram; `false` if there is no room.
    func hand(_ datagram: HandedDatagram) -> Bool {
        let hasRoom = contents.withLock { contents in
            // RFC 7983: the first byte of a STUN message is 0 to 3.
            let isCheck = (datagram.bytes.first ?? 0) <= 3
            guard contents.datagrams.count < (isCheck ? Self.checkLimit : Self.datagramLimit) else {
                return false
            }
            contents.datagrams.append(datagram)
            return true
        }
        hasContents.store(true, ordering: .releasing)
        wake()
        return hasRoom
    }

    /// Says that an outbound socket was opened, or that one is to be closed.
    func noteSocket(_ port: UInt16, isOpen: Bool) {
        contents.withLock { contents in
            if isOpen { contents.openedPorts.append(port) } else { contents.closedPorts.append(port) }
        }
        hasContents.store(true, ordering: .releasing)
        wake()
    }

    /// Takes all that is there; `nil`, without locking, if nothing is.
    func take() -> Contents? {
        guard hasContents.load(ordering: .acquiring), hasContents.exchange(false, ordering: .acquiring) else {
            return nil
        }
        return contents.withLock { contents in
            defer { contents = Contents() }
            return contents
        }
    }

    /// Says that another loop has published something that this one's viewers watch.
    func noteNews() {
        hasNews.store(true, ordering: .releasing)
        wake()
    }

    /// Whether something was published since the last call.
    func takeNews() -> Bool {
        hasNews.load(ordering: .relaxed) && hasNews.exchange(false, ordering: .acquiring)
    }

    func wake() {
        tally_event_signal(wakeDescriptor)
    }
}
