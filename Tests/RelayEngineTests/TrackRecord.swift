import Primitives
import RTPPackets

/// A packet as a ring took it in.
struct StoredPacket {
    let position: UInt64
    let sequence: Int64
    let temporalLayer: UInt8
    let published: Moment
}

/// What a ring took in, in the simulation's own books.
struct TrackRecord {
    var byMark: [MediaMark: StoredPacket] = [:]
    var bySequence: [Int64: StoredPacket] = [:]
    var head: UInt64 = 0
}
