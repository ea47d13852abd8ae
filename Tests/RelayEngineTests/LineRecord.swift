import Primitives
import RTPPackets
import Rooms

/// What was sent on one line so far, and whether the next packet may follow it.
struct LineRecord {
    /// One run of a track's packets under one set of offsets.
    private struct Stretch {
        let track: UInt32
        let start: UInt64
        let timestampOffset: UInt32
        let pictureOffset: UInt16
        let tl0Offset: UInt8
        var newest: Int64
    }

    /// One packet as it left, with where it came from.
    struct Outgoing {
        let index: Int64
        let timestamp: UInt32
        let payload: [UInt8]
        let mark: MediaMark
        let time: MonotonicTime
    }

    let parameters: MediaLineParameters
    /// Highest index (ROC << 16 | SEQ) sent.
    private(set) var highest: Int64?
    /// What each index carried.
    private(set) var marks: [Int64: MediaMark] = [:]
    private(set) var timestamps: [Int64: UInt32] = [:]
    private(set) var lastMediaAt: MonotonicTime?
    private(set) var lastSlateAt: MonotonicTime?
    /// The first packet of each stretch, and when it left.
    private(set) var beginnings: [(original: SentPacket, time: MonotonicTime)] = []
    private(set) var slateTimes: [MonotonicTime] = []
    private(set) var mediaCount = 0
    private(set) var thinnedCount = 0
    /// Stretches that began.
    private(set) var switchCount = 0
    private var lastTimestamp: UInt32 = 0
    private var lastAt = MonotonicTime.distantPast
    private var lastPicture: UInt16?
    private var lastTL0: UInt8 = 0
    private var stretch: Stretch?
    /// A frame of a higher layer was left out: those after it depend on it, up to the next that can be joined.
    private var needsSync = false
    /// Index to the track's own number, for packets that had not arrived when others passed.
    private var gaps: [Int64: Int64] = [:]

    init(_ parameters: MediaLineParameters) {
        self.parameters = parameters
    }

    private var rate: Int64 { parameters.kind == .audio ? 48_000 : 90_000 }

    /// Whether a timestamp may follow the last at a switch: later, and by no more than the time that passed
    /// and a second.
    private func timestampObjection(_ packet: Outgoing) -> String? {
        guard highest != nil else { return nil }
        let step = Int64(Int32(bitPattern: packet.timestamp &- lastTimestamp))
        let elapsed = max(0, packet.time.nanoseconds(since: lastAt)) / 1_000 * rate / 1_000_000
        if step <= 0 { return "the timestamp goes back or stands still (\(step))" }
        if step > elapsed + rate { return "the timestamp jumps \(step) ticks after \(elapsed)" }
        return nil
    }

    private mutating func take(_ packet: Outgoing, picture: UInt16?, tl0: UInt8) {
        marks[packet.index] = packet.mark
        timestamps[packet.index] = packet.timestamp
        guard packet.index > highest ?? -1 else { return }
        highest = packet.index
        lastTimestamp = packet.timestamp
        lastAt = packet.time
        if let picture {
            lastPicture = picture
            lastTL0 = tl0
        }
    }

    // MARK: Slates

    /// Takes a packet of slate or silence; answers what is wrong with it.
    mutating func takeSlate(_ packet: Outgoing) -> String? {
        defer {
            stretch = nil
            gaps = [:]
        }
        if packet.index != (highest ?? Int64(parameters.firstSequence) - 1) + 1 {
            return "slate \(packet.index) does not follow \(highest ?? -1)"
        }
        if parameters.kind == .audio {
            if let objection = timestampObjection(packet) { return objection }
            take(packet, picture: nil, tl0: 0)
            noteSlate(packet.time)
            return nil
        }
        guard let descriptor = VP8Descriptor(parsing: packet.payload.span.bytes) else {
            return "slate is no VP8"
        }
        if descriptor.startsFrame {
            guard descriptor.startsKeyframe(in: packet.payload.span.bytes) else {
                return "slate is no keyframe"
            }
            if let objection = timestampObjection(packet) { return objection }
            if let lastPicture, descriptor.index.pictureID != (lastPicture + 1) & 0x7FFF {
                return "slate picture \(descriptor.index.pictureID) after \(lastPicture)"
            }
            noteSlate(packet.time)
        } else if packet.timestamp != lastTimestamp || descriptor.index.pictureID != lastPicture {
            return "a slate in pieces of two pictures"
        }
        take(packet, picture: descriptor.index.pictureID, tl0: descriptor.index.tl0PicIdx)
        return nil
    }

    private mutating func noteSlate(_ time: MonotonicTime) {
        slateTimes.append(time)
        lastSlateAt = time
    }

    // MARK: Media

    /// Takes a packet of media, `original` as its publisher sent it and `stored` as the ring has it.
    mutating func takeMedia(
        _ packet: Outgoing,
        original: SentPacket,
        stored: StoredPacket,
        in track: TrackRecord,
        mayThin: Bool
    ) -> String? {
        let descriptor =
            parameters.kind == .video ? VP8Descriptor(parsing: packet.payload.span.bytes) : nil
        let picture = descriptor?.index.pictureID
        let tl0 = descriptor?.index.tl0PicIdx ?? 0
        if let objection = Self.payloadObjection(packet.payload, original) { return objection }
        defer {
            mediaCount += 1
            lastMediaAt = packet.time
        }
        if let highest, packet.index <= highest {
            guard gaps.removeValue(forKey: packet.index) == stored.sequence, let stretch,
                stretch.timestampOffset == packet.timestamp &- original.timestamp
            else { return "late packet \(packet.index) fills no gap of its own" }
            take(packet, picture: nil, tl0: 0)
            return nil
        }
        let problem = continuationObjection(packet, original, stored, track, picture, tl0, mayThin)
        if problem != nil {
            if let objection = beginningObjection(packet, original, picture, tl0) {
                return "\(problem ?? ""); and as a beginning: \(objection)"
            }
            stretch = Stretch(
                track: packet.mark.track,
                start: stored.position,
                timestampOffset: packet.timestamp &- original.timestamp,
                pictureOffset: ((picture ?? 0) &- original.pictureID) & 0x7FFF,
                tl0Offset: tl0 &- original.tl0PicIdx,
                newest: stored.sequence
            )
            gaps = [:]
            switchCount += 1
            needsSync = false
            beginnings.append((original, packet.time))
        }
        take(packet, picture: picture, tl0: tl0)
        return nil
    }

    private static func payloadObjection(_ payload: [UInt8], _ original: SentPacket) -> String? {
        // Bytes 2 to 4 of VP8 are the picture id and TL0PICIDX, which are renumbered.
        let isVideo = original.payload.first == 0x90 || original.payload.first == 0x80
        let same =
            payload.count == original.payload.count
            && payload.indices.allSatisfy { index in
                payload[index] == original.payload[index] || (isVideo && (2...4).contains(index))
            }
        return same ? nil : "the payload is not what its publisher sent"
    }

    private mutating func continuationObjection(
        _ packet: Outgoing,
        _ original: SentPacket,
        _ stored: StoredPacket,
        _ track: TrackRecord,
        _ picture: UInt16?,
        _ tl0: UInt8,
        _ mayThin: Bool
    ) -> String? {
        guard let current = stretch, let highest, current.track == packet.mark.track else {
            return "no stretch"
        }
        guard stored.sequence > current.newest else { return "an older packet under a newer number" }
        var next = highest + 1
        var opened: [Int64: Int64] = [:]
        var thinned = 0
        for sequence in (current.newest + 1)..<stored.sequence {
            if let other = track.bySequence[sequence], other.position < stored.position,
                other.position >= current.start
            {
                guard mayThin, other.temporalLayer > 0 else { return "\(sequence) was left out" }
                thinned += 1
            } else {
                opened[next] = sequence
                next += 1
            }
        }
        guard next == packet.index else {
            return "number \(packet.index) instead of \(next) of \(stored.sequence)"
        }
        guard packet.timestamp &- original.timestamp == current.timestampOffset else {
            return "the timestamp's offset changed"
        }
        if let picture {
            guard (picture &- original.pictureID) & 0x7FFF == current.pictureOffset,
                tl0 &- original.tl0PicIdx == current.tl0Offset
            else { return "the picture id's offset changed" }
        }
        gaps.merge(opened) { $1 }
        thinnedCount += thinned
        if thinned > 0 { needsSync = true }
        if original.temporalLayer > 0, original.startsFrame {
            if needsSync, !original.isSync {
                return "layer \(original.temporalLayer) where it cannot be joined"
            }
            needsSync = false
        }
        stretch?.newest = stored.sequence
        return nil
    }

    private func beginningObjection(
        _ packet: Outgoing,
        _ original: SentPacket,
        _ picture: UInt16?,
        _ tl0: UInt8
    ) -> String? {
        guard packet.index == (highest ?? Int64(parameters.firstSequence) - 1) + 1 else {
            return "number \(packet.index) does not follow \(highest ?? -1)"
        }
        guard original.keyframe, original.startsFrame else { return "no start of a keyframe" }
        if let picture, let lastPicture {
            guard picture == (lastPicture + 1) & 0x7FFF else {
                return "picture \(picture) after \(lastPicture)"
            }
            guard tl0 == lastTL0 &+ 1 else { return "TL0PICIDX \(tl0) after \(lastTL0)" }
        }
        return timestampObjection(packet)
    }

    /// Whether a packet may be repeated under `index`: as what it was, or as what its gap has been left for.
    func repetitionObjection(
        _ index: Int64,
        timestamp: UInt32,
        _ mark: MediaMark,
        _ original: SentPacket,
        sequence: Int64?
    ) -> String? {
        if let sent = marks[index] {
            return sent == mark && timestamps[index] == timestamp ? nil : "it was another packet"
        }
        guard let stretch, let sequence, gaps[index] == sequence else {
            return "it is no packet of this stretch"
        }
        return timestamp &- original.timestamp == stretch.timestampOffset ? nil : "another timestamp"
    }

    /// A packet without payload, which stands for padding that was lost on the way to the relay.
    mutating func takeFiller(_ packet: Outgoing) -> String? {
        guard let highest, let current = stretch else { return "padding begins a stretch" }
        guard packet.index > highest else {
            return gaps.removeValue(forKey: packet.index) == nil
                ? "padding \(packet.index) fills no gap" : nil
        }
        for index in (highest + 1)..<max(highest + 1, packet.index) {
            gaps[index] = current.newest + index - highest
        }
        stretch?.newest = current.newest + packet.index - highest
        take(packet, picture: nil, tl0: 0)
        return nil
    }
}
