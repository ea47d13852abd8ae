/// A stretch of one recording as it is sealed: opaque bytes, at most a second, with what finds it again.
package struct RecordingSegment: Equatable, Sendable {
    /// Longest content of one segment: a second at 100 Mbit/s.
    package static let longestContent = 16 << 20

    package enum Kind: Sendable {
        /// What a decoder needs before the segments that follow, as a WebM header.
        case initialization
        case media
    }

    package var kind: Kind
    /// On the recording's own time line, in nanoseconds; never before the start of the segment that precedes.
    package var startNanoseconds: Int64
    /// Not before the start.
    package var endNanoseconds: Int64
    /// Whether decoding can begin with this segment.
    package var startsWithKeyframe: Bool
    package var media: RecordedMedia
    package var content: [UInt8]

    package init(
        kind: Kind,
        startNanoseconds: Int64,
        endNanoseconds: Int64,
        startsWithKeyframe: Bool,
        media: RecordedMedia,
        content: [UInt8]
    ) {
        self.kind = kind
        self.startNanoseconds = startNanoseconds
        self.endNanoseconds = endNanoseconds
        self.startsWithKeyframe = startsWithKeyframe
        self.media = media
        self.content = content
    }
}

/// The kinds of media in a segment.
package struct RecordedMedia: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let audio = RecordedMedia(rawValue: 1)
    package static let video = RecordedMedia(rawValue: 2)
}

/// One consent epoch of a participant: from when on which key protects.
package struct RecordingEpoch: Hashable, Sendable {
    /// Counted by whoever decides on consent; never less than that of the epoch before.
    package let number: UInt64
    package let keyName: RecordingKeyName
    package let keyPurpose: RecordingKeyPurpose

    package init(number: UInt64, keyName: RecordingKeyName, keyPurpose: RecordingKeyPurpose = .ordinary) {
        self.number = number
        self.keyName = keyName
        self.keyPurpose = keyPurpose
    }
}
