import ICELite
import Primitives

/// Bytes written as hexadecimal digits, spaces allowed.
func hexBytes(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

// The macros of the test library take no spans.

extension STUNMessage {
    init?(bytes: [UInt8]) { self.init(bytes.span.bytes) }

    func hasIntegrity(in bytes: [UInt8], password: [UInt8]) -> Bool {
        hasValidIntegrity(in: bytes.span.bytes, password: password)
    }

    func hasFingerprint(in bytes: [UInt8]) -> Bool { hasValidFingerprint(in: bytes.span.bytes) }
}

extension ICECheckingClient {
    mutating func receive(_ bytes: [UInt8], from remote: SocketAddress, now: MonotonicTime) -> Outcome {
        receive(bytes.span.bytes, from: remote, now: now)
    }
}
