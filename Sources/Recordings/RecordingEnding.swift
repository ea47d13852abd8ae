/// How a recording's file ends.
package enum RecordingEnding: Hashable, Sendable {
    /// With a trailer: everything that was written is there.
    case sealed
    /// Without one: it is being written, or its writer was killed. Whole segments are readable up to so many bytes
    /// before the end of the file. Whoever could write to the file could have made it end so earlier.
    case unfinished(tornBytes: Int)
    /// With something that was not written so, from this byte on; segments before it are readable.
    case damaged(atByte: UInt64)
}
