/// Which of a track's newest sequence numbers have been published, so that none is published twice.
///
/// A number may arrive as itself and again as a retransmission (RFC 4588), in either order, and a sender may
/// repeat unasked. Toward viewers a number stands for a nonce: one number, one packet.
struct AdmittedSequences: Sendable {
    /// Numbers behind the newest that may still arrive; the SRTP replay window reaches as far.
    static let width: Int64 = 1_024

    // The bit of a number is its remainder by the width; bits of numbers above `newest` are clear.
    private var bits = InlineArray<16, UInt64>(repeating: 0)
    private var newest: Int64?

    /// Notes the number; `false` if it was admitted before or is too old to tell.
    mutating func admit(_ sequence: Int64) -> Bool {
        guard let newest else {
            self.newest = sequence
            mark(sequence)
            return true
        }
        if sequence > newest {
            if sequence - newest >= Self.width {
                bits = InlineArray(repeating: 0)
            } else {
                var next = newest + 1
                while next < sequence {
                    bits[Self.word(of: next)] &= ~Self.bit(of: next)
                    next += 1
                }
            }
            self.newest = sequence
            mark(sequence)
            return true
        }
        guard newest - sequence < Self.width, bits[Self.word(of: sequence)] & Self.bit(of: sequence) == 0
        else { return false }
        mark(sequence)
        return true
    }

    private mutating func mark(_ sequence: Int64) {
        bits[Self.word(of: sequence)] |= Self.bit(of: sequence)
    }

    private static func word(of sequence: Int64) -> Int {
        Int(truncatingIfNeeded: (sequence & (width - 1)) >> 6)
    }

    private static func bit(of sequence: Int64) -> UInt64 { 1 << UInt64(sequence & 63) }
}
