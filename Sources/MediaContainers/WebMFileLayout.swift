import RTPPackets

/// A finished, seekable file of a stored header and clusters, of which only the beginning exists: the rest are the
/// clusters as they are stored, one behind the other.
///
/// It is made of sizes, times and keyframe flags alone, so that nothing has to be decrypted to know any byte's place.
/// The beginning has the duration and, in front of the media, an index of all keyframes that begin a cluster.
package struct WebMFileLayout: Sendable {
    /// EBML header, SeekHead, Info, Tracks and Cues.
    package let beginning: [UInt8]
    package let documentType: WebMDocumentType
    /// When the last frame ends.
    package let durationNanoseconds: Int64
    package let byteCount: Int64
    /// Where each cluster ends in the file.
    private let ends: [Int64]

    /// Some bytes of the file.
    package enum Piece: Hashable, Sendable {
        /// These of `beginning`.
        case beginning(Range<Int>)
        /// These of the cluster of that number.
        case cluster(Int, Range<Int>)
    }

    /// Of more keyframes only every second, third and so on is in the index, which is made anew for each reader.
    static let maximumCues = 16_384
    private static let maximumClusterBytes = 64 << 20

    /// The clusters are those to be in the file, in the order of their times.
    ///
    /// Throws for a header that is none and for entries that no clusters can have.
    package init(header: [UInt8], clusters: [WebMClusterEntry]) throws(WebMError) {
        let tracks = try WebMHeader(reading: header).tracks
        documentType = WebMDocumentType(of: tracks)
        let video = tracks.first { $0.codec.kind == .video }
        var cues: [MatroskaElements.Cue] = []
        var ends: [Int64] = []
        ends.reserveCapacity(clusters.count)
        var (position, duration): (Int64, Int64) = (0, 0)
        for (number, cluster) in clusters.enumerated() {
            guard (1...Self.maximumClusterBytes).contains(cluster.byteCount), cluster.startNanoseconds >= 0,
                cluster.endNanoseconds >= cluster.startNanoseconds
            else { throw .malformed("cluster \(number): \(cluster)") }
            if let track = video ?? tracks.first, video == nil || cluster.beginsWithKeyframe {
                cues.append(
                    MatroskaElements.Cue(
                        time: cluster.startNanoseconds / 1_000_000,
                        track: track.number,
                        position: position
                    )
                )
            }
            position += Int64(cluster.byteCount)
            ends.append(position)
            duration = max(duration, cluster.endNanoseconds)
        }
        let step = (cues.count + Self.maximumCues - 1) / Self.maximumCues
        if step > 1 { cues = stride(from: 0, to: cues.count, by: step).map { cues[$0] } }
        durationNanoseconds = duration
        do throws(MatroskaElements.LibraryFailure) {
            beginning = try MatroskaElements.index(
                tracks,
                duration: Double(duration) / 1_000_000,
                cues: cues,
                clusterBytes: position
            )
        } catch {
            throw .libraryFailure
        }
        let start = Int64(beginning.count)
        self.ends = ends.map { $0 + start }
        byteCount = start + position
    }

    /// What the bytes of `range` are made of, in order; what lies outside the file is left out.
    package func pieces(of range: Range<Int64>) -> [Piece] {
        let range = range.clamped(to: 0..<byteCount)
        guard !range.isEmpty else { return [] }
        let start = Int64(beginning.count)
        var pieces: [Piece] = []
        if range.lowerBound < start {
            pieces.append(.beginning(Int(range.lowerBound)..<Int(min(start, range.upperBound))))
        }
        var number = firstCluster(endingAfter: range.lowerBound)
        while number < ends.count {
            let clusterStart = number == 0 ? start : ends[number - 1]
            guard clusterStart < range.upperBound else { break }
            let lower = max(range.lowerBound, clusterStart) - clusterStart
            let upper = min(range.upperBound, ends[number]) - clusterStart
            pieces.append(.cluster(number, Int(lower)..<Int(upper)))
            number += 1
        }
        return pieces
    }

    private func firstCluster(endingAfter position: Int64) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
