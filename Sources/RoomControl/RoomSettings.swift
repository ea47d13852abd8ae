import Primitives
import SessionDescriptions

/// How the control plane is set up.
package struct RoomSettings: Sendable {
    /// Addresses that answers advertise, with the UDP port; public IPv4 first.
    package var candidates: [SocketAddress]
    /// The most a publisher may send, in bits per second.
    package var maximumBitsPerSecond: Int64 = 4_000_000
    package var maximumRooms = 1_000
    package var maximumPublishersPerRoom = 16
    package var maximumViewersPerRoom = 5_000
    /// Sessions at a time of one token, and of one address.
    package var maximumSessionsPerToken = 64
    package var maximumSessionsPerAddress = 1_000
    /// How long viewers are given to move on when the relay shuts down.
    package var drainMilliseconds: Int64 = 1_500

    package init(candidates: [SocketAddress]) {
        self.candidates = candidates
    }
}

/// Times of the room's own that no document fixes.
enum RoomTiming {
    /// A publisher whose media has been frozen this long may be taken over.
    static let frozenMilliseconds: Int64 = 2_000
    /// Timers of rooms: lease renewal, expiry, panels.
    static let tickMilliseconds: Int64 = 100
    /// The gates of an audience stay for this long after its last session.
    static let idleAudienceMilliseconds: Int64 = 60_000
    static let viewerCountMilliseconds: Int64 = 1_000
    /// An empty room is forgotten after this long.
    static let emptyMilliseconds: Int64 = 30_000
    /// An append to the log that takes longer has failed.
    static let appendSeconds = 5
    /// How long the last counts may take to be written when the relay stops.
    static let accountsMilliseconds: Int64 = 1_000
    /// Seconds after which a viewer asks again for a room that is not live.
    static let retrySeconds = 2
}

/// Slots of the rings: five to ten seconds of video at usual rates, ten of audio.
enum RingCapacity {
    static let video = 1_024
    static let audio = 512
}
