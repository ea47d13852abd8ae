import Primitives

/// Finds the first video frame that a viewer can decode: a keyframe of which every packet is there.
struct FirstFrame {
    private var timestamp: UInt32?
    private var start: UInt16 = 0
    private var end: UInt16?
    private var received = 0
    private(set) var hasKeyframe = false
    private(set) var isWhole = false

    /// Takes one packet of the stream.
    mutating func take(sequence: UInt16, timestamp: UInt32, startsKeyframe: Bool, isMarked: Bool) {
        guard !isWhole else { return }
        if startsKeyframe, self.timestamp != timestamp {
            hasKeyframe = true
            self.timestamp = timestamp
            (start, end, received) = (sequence, nil, 0)
        }
        guard self.timestamp == timestamp else { return }
        received += 1
        if isMarked { end = sequence }
        guard let end else { return }
        isWhole = received >= Int(end &- start) + 1
    }
}
