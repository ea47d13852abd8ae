/// Comparison of 16-bit sequence numbers that wrap (RFC 1982's arithmetic).
package enum RTPSequence {
    /// Steps from `start` to `end`, -32768 to 32767: negative if `end` is older.
    @inlinable
    package static func distance(from start: UInt16, to end: UInt16) -> Int {
        Int(Int16(bitPattern: end &- start))
    }

    /// Whether `left` comes after `right`.
    @inlinable
    package static func isNewer(_ left: UInt16, than right: UInt16) -> Bool {
        distance(from: right, to: left) > 0
    }
}

/// Comparison of 32-bit RTP timestamps that wrap.
package enum RTPTimestamp {
    /// Ticks from `start` to `end`, within 2^31: negative if `end` is older.
    @inlinable
    package static func distance(from start: UInt32, to end: UInt32) -> Int {
        Int(Int32(bitPattern: end &- start))
    }

    /// Whether `left` comes after `right`.
    @inlinable
    package static func isNewer(_ left: UInt32, than right: UInt32) -> Bool {
        distance(from: right, to: left) > 0
    }
}
