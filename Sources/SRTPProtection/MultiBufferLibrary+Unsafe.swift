#if TALLY_MULTI_BUFFER
import CMultiBuffer

/// The multi-buffer library of this process, started at first use.
enum MultiBufferLibrary {
    static var isAvailable: Bool { started.entry != nil }

    typealias Entry = UnsafePointer<tally_multi_buffer>

    /// The library's entry points, which stay where they are for the life of the process.
    static var entry: Entry? { started.entry }

    // Safe because what the pointer points to is written before it is stored here and never again.
    private struct Started: @unchecked Sendable {
        let entry: UnsafePointer<tally_multi_buffer>?
    }

    private static let started: Started = {
        var found = tally_multi_buffer()
        guard tally_multi_buffer_start(&found) else { return Started(entry: nil) }
        let entry = UnsafeMutablePointer<tally_multi_buffer>.allocate(capacity: 1)
        entry.initialize(to: found)
        return Started(entry: UnsafePointer(entry))
    }()
}
#else
/// The multi-buffer library, which this build leaves out.
enum MultiBufferLibrary {
    typealias Entry = Never

    static var isAvailable: Bool { false }
    static var entry: Entry? { nil }
}
#endif
