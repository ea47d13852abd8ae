/// The hash of a certificate (RFC 8122): `a=fingerprint:sha-256 AB:CD:...`.
package struct CertificateFingerprint: Hashable, Sendable {
    /// The hash functions still trusted; SHA-1 and MD5 are passed over.
    package enum Algorithm: String, CaseIterable, Sendable {
        case sha256 = "sha-256"
        case sha384 = "sha-384"
        case sha512 = "sha-512"

        /// The hash's length in bytes.
        package var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha384: 48
            case .sha512: 64
            }
        }
    }

    package let algorithm: Algorithm
    /// As many bytes as the algorithm's hash has.
    package let bytes: [UInt8]

    /// `nil` unless `bytes` has the algorithm's length.
    package init?(_ algorithm: Algorithm, _ bytes: [UInt8]) {
        guard bytes.count == algorithm.byteCount else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    enum Reading: Equatable {
        case fingerprint(CertificateFingerprint)
        case unknownAlgorithm
        case malformed
    }

    static func read(_ value: String) -> Reading {
        let fields = value.fields(" ")
        guard fields.count == 2 else { return .malformed }
        guard let algorithm = Algorithm(rawValue: fields[0].lowercased()) else { return .unknownAlgorithm }
        var bytes: [UInt8] = []
        for pair in fields[1].fields(":") {
            guard let byte = pair.hexadecimal(digits: 2) else { return .malformed }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return CertificateFingerprint(algorithm, bytes).map { .fingerprint($0) } ?? .malformed
    }

    /// The attribute's value: algorithm and upper-case hexadecimal pairs.
    package var text: String { "\(algorithm.rawValue) \(Self.hexadecimal(bytes))" }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined(separator: ":")
    }
}
