/// What a `WebMWriter` gives, in order.
package enum WebMOutput: Hashable, Sendable {
    /// What stands in front of the clusters, first of all, and again when a track is added.
    ///
    /// The newest takes the place of those before: clusters do not depend on it, so that it fits all of them.
    case header([UInt8])
    case cluster(WebMCluster)
}

/// A stretch of frames that is whole in itself: a file is a header and any clusters in the order of their times.
package struct WebMCluster: Hashable, Sendable {
    package var entry: WebMClusterEntry
    package var bytes: [UInt8]
}

/// What has to be known of a cluster to make a seekable file of it, without its bytes.
package struct WebMClusterEntry: Hashable, Sendable {
    package var byteCount: Int
    /// Nanoseconds since the recording began, whole milliseconds: when the first frame begins and the last one ends.
    package var startNanoseconds: Int64
    package var endNanoseconds: Int64
    /// The first frame is a keyframe of the video track.
    package var beginsWithKeyframe: Bool

    package init(
        byteCount: Int,
        startNanoseconds: Int64,
        endNanoseconds: Int64,
        beginsWithKeyframe: Bool
    ) {
        self.byteCount = byteCount
        self.startNanoseconds = startNanoseconds
        self.endNanoseconds = endNanoseconds
        self.beginsWithKeyframe = beginsWithKeyframe
    }
}
