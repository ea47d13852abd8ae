import MeasuredStretch

/// What a stretch of code asked of the allocator.
struct Allocations {
    var count: UInt64 = 0
    var bytes: UInt64 = 0

    static func += (left: inout Allocations, right: Allocations) {
        left.count += right.count
        left.bytes += right.bytes
    }

    /// Runs `body` as a stretch that is counted, and that callgrind collects.
    static func during(_ body: () -> Void) -> Allocations {
        withoutActuallyEscaping(body) { body in
            var body = body
            // Safe because the call returns before the closure's memory is gone.
            let made = withUnsafeMutablePointer(to: &body) { context in
                tally_measure(
                    { context in
                        context?.assumingMemoryBound(to: (() -> Void).self).pointee() ?? ()
                    },
                    context
                )
            }
            return Allocations(count: made.count, bytes: made.bytes)
        }
    }
}
