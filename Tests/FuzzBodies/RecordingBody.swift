import MediaContainers

/// A recording as it is stored or handed in: the header, the clusters and a file made of them again.
@discardableResult
func fuzzRecording(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    let parts: WebMFileParts
    let reader: WebMReader
    do throws(WebMError) {
        parts = try WebMFileParts(reading: bytes)
        reader = try WebMReader(header: Array(bytes[..<parts.headerByteCount]))
    } catch {
        return false
    }
    try demand(!reader.header.tracks.isEmpty, "a file has tracks")
    try demand(
        parts.incompleteBytes <= bytes.count - parts.headerByteCount,
        "what is cut off lies in the file"
    )
    var end = parts.headerByteCount
    var entries: [WebMClusterEntry] = []
    var isWhole = true
    for cluster in parts.clusters {
        try demand(cluster.lowerBound >= end && cluster.upperBound <= bytes.count, "clusters lie in the file")
        end = cluster.upperBound
        guard let frames = try? reader.frames(of: Array(bytes[cluster])) else {
            isWhole = false
            continue
        }
        try demand(
            frames.reduce(0) { $0 + $1.bytes.count } <= cluster.count,
            "frames are no larger than their cluster"
        )
        try demand(frames.allSatisfy { $0.time >= 0 && !$0.bytes.isEmpty }, "frames have times and bytes")
        entries.append(
            WebMClusterEntry(
                byteCount: cluster.count,
                startNanoseconds: frames.first?.time ?? 0,
                endNanoseconds: max(frames.last?.time ?? 0, frames.first?.time ?? 0),
                beginsWithKeyframe: frames.first?.isKeyframe ?? false
            )
        )
    }
    let header = Array(bytes[..<parts.headerByteCount])
    guard let layout = try? WebMFileLayout(header: header, clusters: entries) else {
        throw BrokenInvariant("a header that was read can be written")
    }
    let again = try demandValue(try? WebMHeader(reading: layout.beginning), "what was written can be read")
    try demand(again.tracks == reader.header.tracks, "tracks come back as they were")
    return isWhole && parts.incompleteBytes == 0
}
