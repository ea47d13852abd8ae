import Disclosures
import Primitives

/// One request to change consents, from its submission to its answer; never reused by an authority.
package struct ConsentTicket: Sendable, Hashable {
    package let rawValue: UInt64
}

/// One append to the log.
package struct AppendTicket: Sendable, Hashable {
    package let rawValue: UInt64
}

/// One wait for every consumer to pass a quiescent point.
package struct GraceTicket: Sendable, Hashable {
    package let rawValue: UInt64
}

/// The promise that a request is in force: durable, and what it narrows has stopped.
package struct Acknowledgement: Sendable, Hashable {
    /// From this moment nothing is disclosed against the request.
    package let effectiveAt: WallClockTime
    /// The room's epoch that the request brought about; the `ETag` of the API.
    package let epoch: UInt64
    /// The log entries written for the request.
    package let events: [ConsentEvent]
}

/// What the driver has to do, in this order; gate effects before it next suspends.
package enum ConsentEffect: Sendable, Hashable {
    /// Make these events durable, all or none; answer with `appendCommitted` or `appendFailed`.
    case append([ConsentEvent], AppendTicket)
    /// Read the log's events after this sequence; answer with `logRead` or `logReadFailed`.
    case readLog(after: UInt64)
    /// Open the gate from the ring's head, and ask for a keyframe.
    case openGate(TrackID, AudienceID, Permit, leaseEnd: MonotonicTime)
    /// Set the end of the gate's lease; a gate that has lapsed reopens from the ring's head.
    case renewGate(TrackID, AudienceID, Permit, leaseEnd: MonotonicTime)
    /// Close the gate.
    case closeGate(TrackID, AudienceID)
    /// Wait until no consumer holds bytes of an earlier pass, cutting off who takes longer than
    /// `ConsentTiming.graceLimitMilliseconds`; answer with `graceCompleted`.
    case beginGrace(GraceTicket)
    /// Tell the requester that the request is in force.
    case acknowledge(ConsentTicket, Acknowledgement)
    /// Tell the requester that the request was not recorded, and why.
    case refuse(ConsentTicket, DenyReason)
    /// An event has become durable.
    case recorded(ConsentEvent)
    /// Tell the participant, the operator and (only that it is withheld) the audience.
    case changed(TrackID, AudienceID, Decision)
}
