import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime

/// What a viewer sees of one participant at a moment.
struct ParticipantView: Sendable {
    var video: SlotReport?
    var audio: SlotReport?
    var firstStampedAt: MonotonicTime?
    var firstUnstampedAt: MonotonicTime?
    var firstStampedIsKeyframe = false
}

/// A viewer's look at one participant, found by the stamp in their picture.
struct WatchedParticipant: Sendable {
    let viewing: Viewing
    let loop: ClientLoop
    let source: UInt16
    /// The slot's place among the video slots, and among the audio slots.
    private(set) var slot: Int?

    init(viewing: Viewing, loop: ClientLoop, name: String) {
        self.viewing = viewing
        self.loop = loop
        source = PictureStamp.source(of: name)
    }

    /// Looks for the participant for some seconds; answers whether they were found.
    mutating func find(seconds: Int) async throws -> Bool {
        for _ in 0..<(seconds * 20) {
            let source = source
            let media = viewing.media
            slot = try await loop.run { peers in
                media.value(on: peers).peek(now: SystemClock.monotonic)
                    .first { $0.kind == "video" && $0.source == source }?.slot
            }
            if slot != nil { return true }
            try await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// What is seen and heard now.
    func look() async throws -> ParticipantView {
        let (slot, media) = (slot, viewing.media)
        return try await loop.run { peers in
            let media = media.value(on: peers)
            let reports = media.peek(now: SystemClock.monotonic)
            let video = media.slots.first { $0.kind == .video && $0.number == slot }?.video
            return ParticipantView(
                video: reports.first { $0.kind == "video" && $0.slot == slot },
                audio: reports.first { $0.kind == "audio" && $0.slot == slot },
                firstStampedAt: video?.firstStampedAt,
                firstUnstampedAt: video?.firstUnstampedAt,
                firstStampedIsKeyframe: video?.firstStampedIsKeyframe ?? false
            )
        }
    }

    /// Lets the next picture of each kind count as the first.
    func forgetFirsts() async throws {
        let media = viewing.media
        try await loop.run { media.value(on: $0).forgetFirsts() }
    }

    /// Packets in the log so far.
    func logPosition() async throws -> Int {
        let media = viewing.media
        return try await loop.run { media.value(on: $0).log.count }
    }

    /// The packets logged since `position`.
    func records(from position: Int) async throws -> [PacketRecord] {
        let media = viewing.media
        return try await loop.run { media.value(on: $0).records(from: position) }
    }

    /// Looks until `isSo` says yes; `nil` if it does not in that time.
    func await(milliseconds: Int64, _ isSo: (ParticipantView) -> Bool) async throws -> ParticipantView? {
        let start = SystemClock.monotonic
        while true {
            let view = try await look()
            if isSo(view) { return view }
            guard SystemClock.monotonic.milliseconds(since: start) < milliseconds else { return nil }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// What was received of a participant after a withdrawal took effect.
struct WithheldVerdict: Sendable {
    /// Packets of pictures with the participant's stamp, and of sound in their slot.
    var leakedVideo = 0
    var leakedAudio = 0
    /// Packets in their slot that could not be shown to be slate or silence.
    var unexplained = 0
    /// Packets in their slot that are.
    var slate = 0
    var silence = 0

    /// Judges packets by the kernel's time of receipt, with no tolerance.
    ///
    /// `slot` is where the participant was before; `interval` runs from the acknowledgement's `effective_at` to where
    /// the newest packets begin, which may not be decoded yet and are left out.
    init(_ records: [PacketRecord], slot: Int?, source: UInt16, interval: Range<Int64>) {
        for record in records where record.receivedAt > interval.lowerBound {
            let isTheirs = record.slot == slot
            switch record.content {
            case .stamped(let stamped): if stamped.number == source { leakedVideo += 1 }
            case .unstamped: if isTheirs { slate += 1 }
            case .sound: if isTheirs { leakedAudio += 1 }
            case .silence: if isTheirs { silence += 1 }
            case .undecided: if isTheirs, record.receivedAt < interval.upperBound { unexplained += 1 }
            case .empty: break
            }
        }
    }
}
