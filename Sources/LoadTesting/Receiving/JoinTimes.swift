import Primitives

/// When a viewer reached each phase of joining.
struct JoinTimes: Sendable {
    var requestedAt: MonotonicTime
    var answeredAt: MonotonicTime
    /// The server answered a check of ours.
    var pathAt: MonotonicTime?
    /// The handshake was done.
    var establishedAt: MonotonicTime?
    var firstPacketAt: MonotonicTime?
    /// The first packet of the first keyframe.
    var firstKeyframeAt: MonotonicTime?
    /// The last missing packet of the first whole keyframe.
    var firstFrameAt: MonotonicTime?

    /// The phases by their names in reports, in nanoseconds; those that were not reached are left out.
    ///
    /// The first three follow one another; the packet, keyframe and frame each count from the end of the
    /// handshake, and `join` from the request to what a viewer waits for.
    func phases(hasVideo: Bool) -> [(name: String, nanoseconds: Int64)] {
        var phases = [("join.post", answeredAt.nanoseconds(since: requestedAt))]
        guard let pathAt else { return phases }
        phases.append(("join.ice", pathAt.nanoseconds(since: answeredAt)))
        guard let establishedAt else { return phases }
        phases.append(("join.dtls", establishedAt.nanoseconds(since: pathAt)))
        let firsts = [
            ("join.first_packet", firstPacketAt), ("join.first_keyframe", firstKeyframeAt),
            ("join.first_frame", firstFrameAt),
        ]
        for case (let name, let time?) in firsts {
            phases.append((name, time.nanoseconds(since: establishedAt)))
        }
        if let done = hasVideo ? firstFrameAt : firstPacketAt {
            phases.append(("join", done.nanoseconds(since: requestedAt)))
        }
        return phases
    }
}
