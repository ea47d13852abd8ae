import Primitives

/// What an operator wants to be re-broadcast: a room, or one stream of it, to one destination.
package struct PushOrder: Sendable, Equatable {
    /// Its name in URLs.
    package let id: String
    package let room: RoomName
    package let destination: String
    /// `nil` for everybody in the room.
    ///
    /// Streams have new names after a restart of the relay: such an order ends with the process.
    package let stream: String?

    package init(id: String, room: RoomName, destination: String, stream: String?) {
        self.id = id
        self.room = room
        self.destination = destination
        self.stream = stream
    }

    /// Whether both would push the same stream to the same destination.
    package func overlaps(_ other: PushOrder) -> Bool {
        room == other.room && destination == other.destination
            && (stream == nil || other.stream == nil || stream == other.stream)
    }
}
