import ICELite
import Primitives

/// Which other loops own the peers of paths that the kernel delivers to this loop.
///
/// STUN says its owner by itself; DTLS and SRTP do not. An entry comes from the owner, after an authenticated
/// check, so that strangers make none.
struct ForeignPaths: ~Copyable {
    /// More paths than this are not remembered; their peers reconnect by another port.
    static let capacity = 65_536
    /// The owner repeats itself with every check; a path that it says nothing of for this long is dead.
    static let lifetimeMilliseconds = ICELiteAgent.livenessMilliseconds

    private struct Entry {
        var loop: Int
        var announcedAt: MonotonicTime
    }

    private var entries: [ICEPair: Entry] = [:]

    var count: Int { entries.count }

    mutating func announce(_ path: ICEPair, loop: Int, now: MonotonicTime) {
        if entries[path] == nil, entries.count >= Self.capacity {
            entries = entries.filter { Self.isLive($0.value, now) }
            guard entries.count < Self.capacity else { return }
        }
        entries[path] = Entry(loop: loop, announcedAt: now)
    }

    mutating func forget(_ path: ICEPair) {
        guard !entries.isEmpty else { return }
        entries[path] = nil
    }

    /// The loop that owns the peer on this path; `nil` if nobody has said so lately.
    func loop(of path: ICEPair, now: MonotonicTime) -> Int? {
        guard !entries.isEmpty, let entry = entries[path], Self.isLive(entry, now) else { return nil }
        return entry.loop
    }

    private static func isLive(_ entry: Entry, _ now: MonotonicTime) -> Bool {
        now.milliseconds(since: entry.announcedAt) < lifetimeMilliseconds
    }
}
