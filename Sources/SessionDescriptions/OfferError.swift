/// Why an offer (or, at a client, an answer) cannot be used.
package struct OfferError: Error, Equatable, Sendable {
    /// The kind of trouble; raw values are stable and appear in problem documents.
    package enum Code: String, CaseIterable, Sendable {
        case malformed = "sdp-malformed"
        case tooLarge = "sdp-too-large"
        case noMedia = "no-media"
        case tooManyMedia = "too-many-media"
        case unsupportedMedia = "unsupported-media"
        case unsupportedTransport = "unsupported-transport"
        case wrongDirection = "wrong-direction"
        case bundleRequired = "bundle-required"
        case rtcpMuxRequired = "rtcp-mux-required"
        case noUsableCodec = "no-usable-codec"
        case noCredentials = "no-ice-credentials"
        case noFingerprint = "no-fingerprint"
        case unsupportedSetup = "unsupported-setup"
    }

    package let code: Code
    /// What is wrong and what to change, with the offending value.
    package let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// A text that is no session description.
    package init(_ error: SDPError) {
        switch error.reason {
        case .tooLarge, .tooManyMediaLines, .tooManyAttributes: code = .tooLarge
        default: code = .malformed
        }
        message = error.message
    }

    /// 400 for what breaks the format, 413 for too much of it, 422 for what is understood but not supported
    /// (RFC 9725 section 4.2).
    package var httpStatus: Int {
        switch code {
        case .malformed, .noCredentials, .noFingerprint: 400
        case .tooLarge: 413
        default: 422
        }
    }
}

extension OfferError: CustomStringConvertible {
    package var description: String { "\(code.rawValue): \(message)" }
}
