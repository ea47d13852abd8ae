import RTPPackets

/// The frames of a cluster that is not finished, with times in milliseconds.
struct OpenCluster: Sendable {
    let start: Int64
    private(set) var blocks: [MatroskaElements.Block] = []
    private(set) var data: [UInt8] = []
    /// When the last frame ends.
    private(set) var end: Int64
    private var firstIsVideoKeyframe = false

    init(start: Int64) {
        self.start = start
        end = start
    }

    /// The time of the latest frame.
    var lastTime: Int64 { blocks.last?.time ?? start }

    /// Puts a frame behind those that are not later; `time` is not before `start`.
    mutating func insert(
        _ bytes: [UInt8],
        track: UInt8,
        kind: MediaKind,
        time: Int64,
        duration: Int64,
        isKeyframe: Bool
    ) {
        if blocks.isEmpty { firstIsVideoKeyframe = kind == .video && isKeyframe }
        var index = blocks.count
        while index > 0, blocks[index - 1].time > time { index -= 1 }
        blocks.insert(
            MatroskaElements.Block(
                track: track,
                time: time,
                isKeyframe: isKeyframe,
                offset: data.count,
                count: bytes.count
            ),
            at: index
        )
        data += bytes
        end = max(end, time + duration)
    }

    func finish() throws(MatroskaElements.LibraryFailure) -> WebMCluster {
        let bytes = try MatroskaElements.cluster(time: start, blocks: blocks, data: data)
        return WebMCluster(
            entry: WebMClusterEntry(
                byteCount: bytes.count,
                startNanoseconds: start * 1_000_000,
                endNanoseconds: end * 1_000_000,
                beginsWithKeyframe: firstIsVideoKeyframe
            ),
            bytes: bytes
        )
    }
}
