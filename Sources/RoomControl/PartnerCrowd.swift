import Primitives

/// How many viewers each partner has, in all and in each room.
struct PartnerCrowd {
    private struct Place: Hashable {
        let partner: String
        let room: RoomName
    }

    private var viewers: [String: Int] = [:]
    private var viewersInRooms: [Place: Int] = [:]

    /// Counts one more, unless that is more than the partner's terms allow.
    mutating func admit(_ admission: PartnerAdmission, to room: RoomName) -> Bool {
        let place = Place(partner: admission.partner, room: room)
        let (inAll, here) = (viewers[admission.partner, default: 0], viewersInRooms[place, default: 0])
        guard inAll < admission.maximumViewers, here < admission.maximumViewersPerRoom else { return false }
        viewers[admission.partner] = inAll + 1
        viewersInRooms[place] = here + 1
        return true
    }

    /// Counts one less.
    mutating func dismiss(_ partner: String, from room: RoomName) {
        Self.lower(&viewers, partner)
        Self.lower(&viewersInRooms, Place(partner: partner, room: room))
    }

    /// Whoever has no viewers takes no memory.
    private static func lower<Key>(_ counts: inout [Key: Int], _ key: Key) {
        guard let count = counts[key] else { return }
        counts[key] = count > 1 ? count - 1 : nil
    }
}
