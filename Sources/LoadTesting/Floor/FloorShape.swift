/// Messages of so many packets among those that a relay sent for a picture.
package struct FloorRun: Sendable, Codable, Equatable {
    package var packets: Int
    /// Of all such messages.
    package var share: Double

    package init(packets: Int, share: Double) {
        self.packets = packets
        self.share = share
    }
}

/// The load whose least cost is asked for.
package struct FloorShape: Sendable, Codable, Equatable {
    /// What a packet has beside its payload: the fixed header and the tag.
    static let bytesBesidePayload = 12 + 16

    package var viewers = 500
    /// Packets of a picture, in the mean.
    package var packetsOfFrame = 5.0
    package var framesPerSecond = 30
    package var hasAudio = true
    package var payloadBytes = 1_150
    package var soundBytes = 120
    package var seconds = 3.0
    /// How a relay cut pictures into batches by when their packets came; empty for each picture at once.
    package var runs: [FloorRun] = []

    package init() {}

    /// Packets a second to all viewers.
    package var packetsPerSecond: Int {
        viewers * (Int(packetsOfFrame * Double(framesPerSecond)) + (hasAudio ? 50 : 0))
    }

    /// The batches that pictures come in.
    var batches: [FloorRun] {
        guard runs.isEmpty else { return runs }
        let whole = min(max(packetsOfFrame, 1), Double(LoadFloor.longestRun))
        let (less, more) = (Int(whole), Int(whole.rounded(.up)))
        guard more > less else { return [FloorRun(packets: less, share: 1)] }
        let share = whole - Double(less)
        return [FloorRun(packets: less, share: 1 - share), FloorRun(packets: more, share: share)]
    }
}

extension FloorShape {
    /// Takes over the viewers, the pace, the sizes and the runs that a run had, which was of one publisher.
    package mutating func follow(_ report: LoadReport) {
        if let count = report.numbers["viewers"]?.value, count >= 1 { viewers = Int(count) }
        if let rate = report.options["fps"].flatMap({ Int($0) }) { framesPerSecond = rate }
        hasAudio = report.options["audio"] != "none"
        func payload(_ name: String) -> Int? {
            guard let size = report.numbers[name]?.value, size > 0 else { return nil }
            return min(max(Int(size.rounded()) - Self.bytesBesidePayload, 16), LoadFloor.longestPayload)
        }
        payloadBytes = payload("packets.video.mean_size") ?? payloadBytes
        soundBytes = payload("packets.audio.mean_size") ?? soundBytes
        guard let packets = report.numbers["packets"]?.value, let frames = report.numbers["frames"]?.value,
            frames > 0
        else { return }
        // Sound has fifty packets a second where pictures have so many frames.
        let expected = hasAudio ? frames * 50 / Double(framesPerSecond) : 0
        let sound = report.numbers["packets.audio"]?.value ?? expected
        packetsOfFrame = max((packets - sound) / frames, 1)
        if let sent = report.distributions["server.run"], sent.count > 0 {
            // The relay's counts begin a little earlier and end a little later.
            let inRuns = sent.steps.reduce(0) { $0 + ($1.count > 1 ? $1[0] * $1[1] : 0) }
            runs = Self.runs(sent, sound: sound * inRuns / max(1, packets))
        }
    }

    /// What is left of a relay's messages without those of sound, which are a packet each.
    private static func runs(_ sent: Distribution, sound: Double) -> [FloorRun] {
        var counts = sent.steps.filter { $0.count > 1 && $0[0] >= 1 }.map {
            (packets: min(Int($0[0]), LoadFloor.longestRun), count: $0[1])
        }
        if let single = counts.firstIndex(where: { $0.packets == 1 }) {
            counts[single].count = max(0, counts[single].count - sound)
        }
        let total = counts.reduce(0) { $0 + $1.count }
        guard total > 0 else { return [] }
        return counts.filter { $0.count > 0 }.map { FloorRun(packets: $0.packets, share: $0.count / total) }
    }
}
