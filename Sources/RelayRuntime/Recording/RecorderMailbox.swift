import CLinuxNet
import Rooms
import Synchronization

/// What other threads leave for the recorder: commands, a wish to stop.
///
/// Bounded, and locked only while an element is put in or all are taken out.
final class RecorderMailbox: Sendable {
    /// Commands that may wait; the control plane's own limits keep far below.
    static let commandLimit = 65_536

    private let commands = Mutex<[RecorderCommand]>([])
    let isStopping = Atomic<Bool>(false)
    let wakeDescriptor: Int32

    init(wakeDescriptor: Int32) {
        self.wakeDescriptor = wakeDescriptor
    }

    deinit { tally_close(wakeDescriptor) }

    /// Leaves commands; `false` if there is no room.
    func post(_ more: [RecorderCommand]) -> Bool {
        let hasRoom = commands.withLock { commands in
            guard commands.count + more.count <= Self.commandLimit else { return false }
            commands += more
            return true
        }
        wake()
        return hasRoom
    }

    /// Takes all that is there.
    func take() -> [RecorderCommand] {
        commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }

    func wake() { tally_event_signal(wakeDescriptor) }

    /// Sleeps until woken or the time has passed (nanoseconds; negative: for ever).
    func sleep(nanoseconds: Int64) {
        let ready = tally_wait(-1, wakeDescriptor, -1, nanoseconds)
        if ready > 0 { tally_event_clear(wakeDescriptor) }
    }
}
