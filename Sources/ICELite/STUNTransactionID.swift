/// The 96 bits that pair a STUN response with its request (RFC 8489 5).
package struct STUNTransactionID: Hashable, Sendable {
    package let high: UInt32
    package let low: UInt64

    package init(high: UInt32, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A fresh identifier drawn from `random`, which must be unpredictable outside of tests.
    package init(using random: inout some RandomNumberGenerator) {
        high = random.next()
        low = random.next()
    }
}
