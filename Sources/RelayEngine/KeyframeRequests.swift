import Primitives

/// When to ask a publisher for a keyframe: all wishes of an interval are one request (RFC 4585 6.3.1, RFC 5104 4.3.1).
struct KeyframeRequests: Sendable {
    enum Request: Sendable {
        case pictureLoss
        /// The publisher did not answer a PLI: some cameras honour one of the two only.
        case fullIntra(commandSequence: UInt8)
    }

    /// At most two a second: a keyframe costs the publisher's uplink and every viewer.
    static let intervalMilliseconds: Int64 = 500
    static let patienceMilliseconds: Int64 = 1_000

    private var isWished = false
    private var lastRequest = MonotonicTime.distantPast
    private var unansweredSince: MonotonicTime?
    private var commandSequence: UInt8 = 0

    mutating func wish() { isWished = true }

    /// A keyframe has begun to arrive.
    mutating func keyframeArrived() {
        isWished = false
        unansweredSince = nil
    }

    mutating func takeDue(now: MonotonicTime) -> Request? {
        guard isWished,
            lastRequest == .distantPast || now.milliseconds(since: lastRequest) >= Self.intervalMilliseconds
        else { return nil }
        lastRequest = now
        isWished = false
        guard let since = unansweredSince else {
            unansweredSince = now
            return .pictureLoss
        }
        guard now.milliseconds(since: since) >= Self.patienceMilliseconds else { return .pictureLoss }
        commandSequence &+= 1
        return .fullIntra(commandSequence: commandSequence)
    }
}
