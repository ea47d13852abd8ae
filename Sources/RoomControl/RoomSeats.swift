import Primitives

/// What somebody wants of a room, from the least that it costs to the most.
enum RoomUse: Int, Comparable {
    /// A look at what its log says; where the log has nothing, no room is opened for it.
    case reading
    /// A change that is over once it is recorded, and that no limit of rooms may refuse: whatever takes away.
    case narrowing
    /// The events of a participant, for as long as somebody reads them.
    case listening
    /// Publishing, and grants: what rooms are for.
    case hosting

    static func < (one: RoomUse, other: RoomUse) -> Bool { one.rawValue < other.rawValue }
}

/// Which rooms are in memory, and for what: each kind has places of its own, so that none takes those of another.
struct RoomSeats {
    enum Kind: Int {
        case passing
        case listening
        case hosting
    }

    private struct Seat {
        var kind: Kind
        var lastUse: UInt64
        /// Whether nothing happened in it when it was last asked.
        var isIdle = true
    }

    /// Rooms at a time that are open for looks and for what narrows: each for some milliseconds, then until its
    /// place is needed.
    static let passingPlaces = 64

    /// How many rooms are asked at most whether they give up their place.
    private static let asked = 64

    /// For hosting, and as many again for listening.
    let places: Int
    private var seats: [RoomName: Seat] = [:]
    private var pins: [RoomName: Int] = [:]
    private var uses: UInt64 = 0
    /// Rooms that are being closed for others; who wants one waits until that is decided.
    var leaving: [RoomName: Task<Void, Never>] = [:]

    init(places: Int) { self.places = places }

    /// Keeps a room in its place while somebody is at it.
    mutating func pin(_ name: RoomName) { pins[name, default: 0] += 1 }

    /// Answers whether nobody is at the room any more.
    mutating func unpin(_ name: RoomName) -> Bool {
        let count = (pins[name] ?? 1) - 1
        pins[name] = count > 0 ? count : nil
        return count <= 0
    }

    func isPinned(_ name: RoomName) -> Bool { pins[name] != nil }

    mutating func free(_ name: RoomName) { seats[name] = nil }

    /// Whether the room has the place that `kind` needs, or a better one.
    func isSeated(_ name: RoomName, for kind: Kind) -> Bool {
        (seats[name]?.kind.rawValue ?? -1) >= kind.rawValue
    }

    func hasPlace(for kind: Kind) -> Bool {
        seats.values.count { $0.kind == kind } < (kind == .passing ? Self.passingPlaces : places)
    }

    /// Gives the room a place of that kind, unless it has a better one.
    mutating func seat(_ name: RoomName, for kind: Kind) {
        uses += 1
        let kind = isSeated(name, for: kind) ? seats[name]?.kind ?? kind : kind
        seats[name] = Seat(kind: kind, lastUse: uses)
    }

    mutating func note(_ name: RoomName, isIdle: Bool) { seats[name]?.isIdle = isIdle }

    /// Rooms with places of that kind that nobody is at, a few: those first in which nothing seemed to happen, the
    /// one unused for longest before the others.
    func unused(of kind: Kind) -> [RoomName] {
        seats.filter { $0.value.kind == kind && pins[$0.key] == nil && leaving[$0.key] == nil }
            .sorted { one, other in
                if one.value.isIdle != other.value.isIdle { return one.value.isIdle }
                return one.value.lastUse < other.value.lastUse
            }
            .prefix(Self.asked).map(\.key)
    }
}

extension RoomUse {
    /// The place that a room needs for this.
    var kind: RoomSeats.Kind {
        switch self {
        case .reading, .narrowing: .passing
        case .listening: .listening
        case .hosting: .hosting
        }
    }
}
